import type { AdmissionResult } from '../admission/admission.ts';
import { annotate } from '../audit/audit.ts';
import type { ApiRequest } from '../http/api-request.ts';

/** Passes on what admission says beside yes: warnings to the client, annotations to the audit log. */
export function note(request: ApiRequest, { warnings, annotations }: AdmissionResult): void {
  request.warnings.push(...warnings);
  annotate(request.res, annotations);
}
