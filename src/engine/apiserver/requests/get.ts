import type { ApiRequest } from '../http/api-request.ts';
import { acceptedForm, replyObject } from '../http/negotiate.ts';
import { readRecord, revisionOf, waitForRevision } from './read.ts';

export async function handleGet(request: ApiRequest): Promise<void> {
  const form = acceptedForm(request);
  const wanted = revisionOf(request.query.get('resourceVersion'));
  if (wanted !== undefined) await waitForRevision(request.api, wanted);
  replyObject(request, 200, readRecord(request), form);
}
