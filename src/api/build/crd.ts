import { age, column, conditions, customResourceDefinition, list, mapOf, object, observedGeneration, rules, text } from '../schema.ts';

export const buildCrd = customResourceDefinition({
  kind: 'Build',
  plural: 'builds',
  singular: 'build',
  description: 'An immutable thing to release.',
  spec: object(
    'What the build is. Never changes.',
    {
      application: text('Application that it is a build of.', { minLength: 1, maxLength: 40 }),
      version: text('Version, unique within the Application, such as v1.18.0.', { pattern: '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$', maxLength: 63 }),
      image: text('Image by digest: name@sha256:….', { minLength: 1, maxLength: 1024 }),
      imageTag: text('Tag that the image had when it was pushed.', { maxLength: 1024 }),
      commit: text('Commit that it was built from.', { maxLength: 128 }),
      message: text('Message of the commit.', { maxLength: 4096 }),
      author: text('Author of the commit.', { maxLength: 256 }),
      configMaps: list(
        'ConfigMaps that the template names, as they were when the build was made: they roll back with it.',
        object('One ConfigMap.', { name: text('Name of the ConfigMap.'), data: mapOf('Data of the ConfigMap.', text('Value.')) }, { required: ['name', 'data'] }),
        { maxItems: 50 },
      ),
    },
    { required: ['application', 'version', 'image'], ...rules(['self == oldSelf', 'A Build never changes: push again to make another']) },
  ),
  status: object('What is.', { observedGeneration, conditions }),
  columns: [
    column('Application', '.spec.application', 'Application that it is a build of.'),
    column('Version', '.spec.version', 'Version.'),
    column('Commit', '.spec.commit', 'Commit.', 'string', 1),
    column('Image', '.spec.image', 'Image by digest.', 'string', 1),
    age,
  ],
});
