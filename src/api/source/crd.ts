import { gitBranch, gitUrl, secretReference } from '../git/schema.ts';
import { age, column, conditions, customResourceDefinition, flag, integer, list, object, observedGeneration, rules, text, time } from '../schema.ts';

const words = (description: string) => list(description, text('Word.', { maxLength: 8192 }), { minItems: 1, maxItems: 100 });

const build = object('How a commit becomes an image.', {
  folder: text('Folder of the repository that becomes the image. Default: its root.', { maxLength: 1024, ...rules(["!self.startsWith('/') && !self.split('/').exists(p, p == '..')", 'The folder is inside the repository: a relative path without ..']) }),
  command: words('Program and arguments that make what the image holds, run in the folder.'),
  test: words('Program and arguments that must exit with 0, run in the folder after command.'),
  timeoutSeconds: integer('For command and test each.', { minimum: 1, maximum: 86400, default: 600 }),
  network: text('Who reaches more than loopback: command and test, command alone, or none of them.', { enum: ['all', 'command', 'none'], default: 'command' }),
  memory: text('Memory of all that a command starts together; no single process gets more.', { pattern: '^[1-9][0-9]*(Mi|Gi)$', maxLength: 12, default: '4Gi' }),
  processes: integer('Processes that a command may have at one time.', { minimum: 4, maximum: 4096, default: 1024 }),
});

const git = object(
  'A branch, each push of which is built.',
  {
    url: gitUrl('Where the repository is.'),
    branch: { ...gitBranch, default: 'main' },
    secretRef: secretReference('Secret with username and password, token, or ssh-privatekey and known_hosts.', false),
    pollSeconds: integer('How often the branch is looked at; a webhook does so at once.', { minimum: 1, maximum: 86400, default: 30 }),
    webhookSecretRef: secretReference('Secret whose key secret signs push webhooks of GitHub, GitLab and Gitea.', false),
    onRewrite: text('The branch was set to a history that lacks the commit seen last. wait: a person looks first.', { enum: ['wait', 'follow'], default: 'wait' }),
    build,
  },
  { required: ['url'] },
);

const registry = object(
  'Tags of an image.',
  {
    image: text('Image without tag, such as registry.example.com/team/shop.', { pattern: '^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)+$', maxLength: 512 }),
    secretRef: secretReference('Secret of type kubernetes.io/dockerconfigjson or kubernetes.io/basic-auth.', false),
    semver: text('The highest version in this range, such as >=1.2 <2.', { minLength: 1, maxLength: 256 }),
    pattern: text('Regular expression (RE2) that the tag matches as a whole; of several the highest counts, by the first group where there is one.', { minLength: 1, maxLength: 256 }),
    pollSeconds: integer('How often the registry is asked.', { minimum: 1, maximum: 86400, default: 60 }),
    insecure: flag('True: the registry speaks plain http. Only for loopback addresses.'),
  },
  {
    required: ['image'],
    ...rules(
      ['has(self.semver) != has(self.pattern)', 'A registry is followed by exactly one of semver and pattern'],
      ["!has(self.insecure) || !self.insecure || self.image.matches('^(localhost|127[.][0-9.]+)(:|/)')", 'Plain http goes to loopback addresses only: serve the registry with TLS'],
    ),
  },
);

export const sourceCrd = customResourceDefinition({
  kind: 'Source',
  plural: 'sources',
  singular: 'source',
  description: "Where an Application's Builds come from by themselves: a git branch, or tags of an image.",
  spec: object(
    'What is followed.',
    { application: text('Application that the Builds are of.', { minLength: 1, maxLength: 40 }), git, registry, suspend: flag('True: nothing new is taken until it is false again.') },
    { required: ['application'], ...rules(['has(self.git) != has(self.registry)', 'A Source follows exactly one of git and registry']) },
  ),
  status: object('What is.', {
    observedGeneration,
    conditions,
    seen: text('The newest commit of the branch that was seen, or the tag.'),
    built: object('What became a Build last.', { revision: text('Commit, or tag@digest.'), build: text('Name of the Build.'), at: time('When.') }, { required: ['revision', 'build', 'at'] }),
    failed: object(
      'What broke last and was not followed by something that works. It is not tried again: push a commit that mends it.',
      { revision: text('Commit, or tag@digest.'), author: text('Author of the commit.'), message: text('Message of the commit.'), reason: text('What broke, PascalCase.'), verdict: text('What broke, for people.'), generation: integer('Of the Source by whose rules it was judged: by others it is tried again.'), log: text('The end of what was written.', { maxLength: 16384 }), at: time('When.') },
      { required: ['revision', 'reason', 'verdict', 'at'] },
    ),
  }),
  columns: [
    column('Application', '.spec.application', 'Application that the Builds are of.'),
    column('Ready', '.status.conditions[?(@.type=="Ready")].status', 'The newest that there is has become a Build.'),
    column('Reason', '.status.conditions[?(@.type=="Ready")].reason', 'Why, or why not.'),
    column('Build', '.status.built.build', 'What became a Build last.'),
    column('Seen', '.status.seen', 'The newest commit or tag that was seen.', 'string', 1),
    age,
  ],
});
