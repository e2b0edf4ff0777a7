import { isObject, type JsonObject, type JsonValue } from '../patch/json.ts';

export const objectMetaName = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';

/** What kubectl explain says of the fields that every object has; the other recorded definitions come without prose. */
const fields: Readonly<Record<string, string>> = {
  annotations: 'Annotations are texts by name that tools keep with an object. Nothing selects by them.',
  creationTimestamp: 'CreationTimestamp is a timestamp that the server sets when it creates the object, in UTC. Clients cannot change it.',
  deletionGracePeriodSeconds: 'How many seconds the object has between the request to delete it and its end. The server sets it, and it can only become shorter.',
  deletionTimestamp: 'DeletionTimestamp is when the object is to be gone: the server sets it when somebody deletes an object that something still holds.',
  finalizers: 'Who has something to do before the object may go. Each removes its own entry; the object goes with the last one.',
  generateName: 'The beginning of a name that the server completes with five random characters where no name is given.',
  generation: 'A number that rises with each change of what is wanted of the object. The server sets it.',
  labels: 'Labels are short texts by name that selectors choose objects by.',
  managedFields: 'Which manager set which fields, for server-side apply. The server keeps it.',
  name: 'The name of the object, unique among those of its kind in its namespace. It cannot be changed.',
  namespace: 'The namespace that the name is unique in. Objects of cluster-wide kinds have none.',
  ownerReferences: 'The objects that this one belongs to: it is deleted when they all are gone. At most one of them is its controller.',
  resourceVersion: 'The revision that the object last changed in. Clients send it back so that nothing is overwritten unseen, and treat it as opaque otherwise.',
  selfLink: 'Not used any more.',
  uid: 'A value that no other object has, or ever had. The server sets it.',
};

/** The definition of ObjectMeta with its descriptions. */
export function describedMetadata(definition: JsonObject): JsonObject {
  const properties = isObject(definition.properties) ? definition.properties : {};
  return {
    ...definition, description: 'ObjectMeta is what every object has beside its kind: who it is, and what the server knows of it.',
    properties: Object.fromEntries(Object.entries(properties).map(([name, schema]): [string, JsonValue] => [name, isObject(schema) && fields[name] !== undefined ? { ...schema, description: fields[name] } : schema])),
  };
}
