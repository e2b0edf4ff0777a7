import type { JSONSchemaProps } from '../../kubernetes/types.generated.ts';
import { object, rules, text } from '../schema.ts';

/** Where a git repository is: https, http, ssh, git and file URLs and `user@host:path`, without a password in it. */
export function gitUrl(description: string): JSONSchemaProps {
  return text(description, {
    maxLength: 2048,
    pattern: '^((https?|ssh|git)://[^ ]+|file:///[^ ]+|[A-Za-z0-9._-]+@[A-Za-z0-9.-]+:[^ ]+)$',
    ...rules(["!self.matches('^https?://[^/]*@') && !self.matches('^[a-z]+://[^/@]*:[^/@]*@')", 'A URL holds no user or password, since URLs are shown: put them into a Secret and name it in secretRef']),
  });
}

export const gitBranch = text('Branch.', { minLength: 1, maxLength: 200, pattern: '^[A-Za-z0-9_][A-Za-z0-9._/-]*$', ...rules(["!self.contains('..') && !self.endsWith('/') && !self.endsWith('.lock')", 'The name of a branch has no .. in it, and does not end in / or .lock']) });

/** @param namespaced true: the Secret may stand in any namespace, which is then named */
export function secretReference(description: string, namespaced: boolean): JSONSchemaProps {
  const name = text('Name of the Secret.', { minLength: 1, maxLength: 253 });
  return namespaced ? object(description, { namespace: text('Namespace of the Secret.', { minLength: 1, maxLength: 63 }), name }, { required: ['namespace', 'name'] }) : object(description, { name }, { required: ['name'] });
}
