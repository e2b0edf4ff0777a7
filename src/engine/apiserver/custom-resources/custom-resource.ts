import type { CustomResourceDefinition, CustomResourceDefinitionVersion } from '../../../kubernetes/types.generated.ts';

/** What a served version of a custom resource knows beside its ServedResource. */
export interface CustomResource {
  readonly definition: CustomResourceDefinition;
  readonly version: CustomResourceDefinitionVersion;
}
