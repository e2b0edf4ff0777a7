import { age, column, conditions, customResourceDefinition, list, mapOf, object, observedGeneration, rules, text } from '../schema.ts';

const FIXED = ['application', 'version', 'image', 'imageTag', 'commit', 'message', 'author', 'group'] as const;

/** By digest: to compare whole ConfigMaps costs more than Kubernetes lets a rule cost. */
const sameCopies = (list: string): string => `has(self.config.${list}) == has(oldSelf.config.${list}) && (!has(self.config.${list}) || self.config.${list}.map(c, c.name + '=' + c.digest) == oldSelf.config.${list}.map(c, c.name + '=' + c.digest))`;
const CAPTURED_ONCE = `!has(oldSelf.config) || (has(self.config) && ${sameCopies('configMaps')} && ${sameCopies('secrets')})`;

const name = text('Name that the template uses.', { maxLength: 253 });
const digest = text('Digest of the content.', { maxLength: 128 });
const values = (description: string) => ({ ...mapOf(description, text('Value.', { maxLength: 1_048_576 })), maxProperties: 1_000 });
const config = object('ConfigMaps and Secrets as they were when the build was new: pods read copies of them, which roll back with the build.', {
  configMaps: list('ConfigMaps.', object('One ConfigMap.', { name, digest, data: values('Text.'), binaryData: values('Bytes in base64.') }, { required: ['name', 'digest'] }), { maxItems: 50 }),
  secrets: list('Secrets, whose content stands in the cluster only.', object('One Secret.', { name, digest }, { required: ['name', 'digest'] }), { maxItems: 50 }),
});

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
      group: object(
        'Builds of several Applications that are released together; every member names the same.',
        {
          name: text('Name of the group.', { pattern: '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$', maxLength: 63 }),
          applications: list('Applications of the namespace, this one among them.', text('Application.', { minLength: 1, maxLength: 40 }), { minItems: 2, maxItems: 50 }),
          order: text('together: all at once on each track; inOrder: one after another.', { enum: ['together', 'inOrder'] }),
        },
        { required: ['name', 'applications'] },
      ),
      config,
    },
    { required: ['application', 'version', 'image'], ...rules(['!has(self.group) || self.application in self.group.applications', 'A group names every Application that is released with it, this one too: add it to group.applications'], ...FIXED.map((field) => [`has(self.${field}) == has(oldSelf.${field}) && (!has(self.${field}) || self.${field} == oldSelf.${field})`, 'A Build never changes: push again to make another'] as const), [CAPTURED_ONCE, 'The configuration of a Build is captured once: push again to make another']) },
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
