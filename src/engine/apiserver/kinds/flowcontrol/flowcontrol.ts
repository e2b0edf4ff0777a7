import type { FlowSchemaSpec, FlowcontrolV1Subject as Subject, NonResourcePolicyRule, PriorityLevelConfigurationSpec, ResourcePolicyRule } from '../../../../kubernetes/types.generated.ts';
import { dnsLabel, dnsSubdomain } from '../../validation/dns-name.ts';
import type { Findings } from '../../validation/field-error.ts';
import type { KindRules } from '../built-in-kind.ts';

const GROUP = 'flowcontrol.apiserver.k8s.io';
const DISTINGUISHERS = new Set(['ByNamespace', 'ByUser']);
const SUBJECT_KINDS = new Set(['Group', 'ServiceAccount', 'User']);
const VERBS = new Set(['get', 'list', 'create', 'update', 'delete', 'deletecollection', 'patch', 'watch', 'proxy']);
const MAX_PRECEDENCE = 10_000;
const LEVEL_TYPES = new Set(['Exempt', 'Limited']);
const RESPONSES = new Set(['Queue', 'Reject']);

export const flowSchema: KindRules = {
  group: GROUP, version: 'v1', kind: 'FlowSchema', namespaced: false, statusKeepsMetadata: true, generation: true,
  default(object) {
    const spec = object['spec'] as FlowSchemaSpec;
    if ((spec.matchingPrecedence ?? 0) === 0) spec.matchingPrecedence = 1000;
  },
  validate(object, found) {
    const spec = object['spec'] as FlowSchemaSpec;
    const precedence = spec.matchingPrecedence ?? 0;
    if (precedence <= 0) found.invalid('spec.matchingPrecedence', precedence, 'must be 1 or more');
    if (precedence > MAX_PRECEDENCE) found.invalid('spec.matchingPrecedence', precedence, `must be at most ${MAX_PRECEDENCE}`);
    if (precedence === 1 && object.metadata.name !== 'exempt') found.invalid('spec.matchingPrecedence', precedence, 'only the schema named exempt has 1');
    if (spec.distinguisherMethod !== undefined && !DISTINGUISHERS.has(spec.distinguisherMethod.type)) found.notSupported('spec.distinguisherMethod.type', spec.distinguisherMethod.type, DISTINGUISHERS);
    const level = spec.priorityLevelConfiguration.name;
    if (level === '') found.required('spec.priorityLevelConfiguration.name');
    else found.eachInvalid('spec.priorityLevelConfiguration.name', level, dnsSubdomain(level));
    spec.rules?.forEach((rule, i) => {
      const at = `spec.rules[${i}]`;
      if ((rule.subjects?.length ?? 0) === 0) found.required(`${at}.subjects`, 'at least one is needed');
      rule.subjects?.forEach((subject, j) => validateSubject(subject, `${at}.subjects[${j}]`, found));
      if ((rule.resourceRules?.length ?? 0) === 0 && (rule.nonResourceRules?.length ?? 0) === 0) found.required(at, 'resourceRules or nonResourceRules is needed');
      rule.resourceRules?.forEach((r, j) => validateResourceRule(r, `${at}.resourceRules[${j}]`, found));
      rule.nonResourceRules?.forEach((r, j) => validateNonResourceRule(r, `${at}.nonResourceRules[${j}]`, found));
    });
  },
};

function validateSubject(subject: Subject, path: string, found: Findings): void {
  const fields = { ServiceAccount: 'serviceAccount', User: 'user', Group: 'group' } as const;
  const wanted = fields[subject.kind as keyof typeof fields];
  if (wanted === undefined) {
    found.notSupported(`${path}.kind`, subject.kind, SUBJECT_KINDS);
    return;
  }
  const value = subject[wanted] as { name: string; namespace?: string } | undefined;
  if (value === undefined) found.required(`${path}.${wanted}`);
  else {
    if (value.name === '') found.required(`${path}.${wanted}.name`);
    else if (wanted === 'serviceAccount' && value.name !== '*') found.eachInvalid(`${path}.${wanted}.name`, value.name, dnsSubdomain(value.name));
    if (wanted === 'serviceAccount') {
      if ((value.namespace ?? '') === '') found.required(`${path}.${wanted}.namespace`);
      else found.eachInvalid(`${path}.${wanted}.namespace`, value.namespace, dnsLabel(value.namespace as string));
    }
  }
  for (const field of Object.values(fields)) if (field !== wanted && subject[field] !== undefined) found.forbidden(`${path}.${field}`, `has no meaning with the kind ${subject.kind}`);
}

function validateVerbs(verbs: readonly string[], path: string, found: Findings): void {
  if (verbs.length === 0) found.required(path, 'at least one is needed');
  else if (verbs.includes('*')) {
    if (verbs.length > 1) found.invalid(path, verbs, "'*' stands alone");
  } else if (verbs.some((verb) => !VERBS.has(verb))) found.notSupported(path, verbs, VERBS);
}

function validateNonResourceRule(rule: NonResourcePolicyRule, path: string, found: Findings): void {
  validateVerbs(rule.verbs ?? [], `${path}.verbs`, found);
  const urls = rule.nonResourceURLs ?? [];
  if (urls.length === 0) found.required(`${path}.nonResourceURLs`, 'at least one is needed');
  else if (urls.includes('*')) {
    if (urls.length > 1) found.invalid(`${path}.nonResourceURLs`, urls, "'*' stands alone");
  } else urls.forEach((url, i) => {
    const at = `${path}.nonResourceURLs[${i}]`;
    if (url === '') found.invalid(at, url, 'must not be empty');
    else if (url === '/') return;
    else if (!url.startsWith('/')) found.invalid(at, url, "must begin with '/'");
    else if (url.includes(' ')) found.invalid(at, url, 'must not have spaces');
    else if (url.includes('//')) found.invalid(at, url, "must not have '//'");
    else if (/\*(?!$)/.test(url) || /[^/]\*$/.test(url)) found.invalid(at, url, "'*' may stand only last, after '/'");
  });
}

function validateResourceRule(rule: ResourcePolicyRule, path: string, found: Findings): void {
  validateVerbs(rule.verbs ?? [], `${path}.verbs`, found);
  for (const field of ['apiGroups', 'resources'] as const) {
    const values = rule[field] ?? [];
    if (values.length === 0) found.required(`${path}.${field}`, 'at least one is needed');
    else if (values.length > 1 && values.includes('*')) found.invalid(`${path}.${field}`, values, "'*' stands alone");
  }
  const namespaces = rule.namespaces ?? [];
  if (namespaces.length === 0 && rule.clusterScope !== true) found.required(`${path}.namespaces`, 'at least one is needed');
  else if (namespaces.includes('*')) {
    if (namespaces.length > 1) found.invalid(`${path}.namespaces`, namespaces, "'*' stands alone");
  } else namespaces.forEach((namespace, i) => found.eachInvalid(`${path}.namespaces[${i}]`, namespace, dnsLabel(namespace)));
}

export const priorityLevelConfiguration: KindRules = {
  group: GROUP, version: 'v1', kind: 'PriorityLevelConfiguration', namespaced: false, statusKeepsMetadata: true, generation: true,
  default(object) {
    const spec = object['spec'] as PriorityLevelConfigurationSpec;
    if (spec.exempt !== undefined) {
      spec.exempt.nominalConcurrencyShares ??= 0;
      spec.exempt.lendablePercent ??= 0;
    }
    const limited = spec.limited;
    if (limited === undefined) return;
    limited.nominalConcurrencyShares ??= 30;
    limited.lendablePercent ??= 0;
    if (limited.limitResponse?.queuing !== undefined) {
      limited.limitResponse.queuing.queues ||= 64;
      limited.limitResponse.queuing.handSize ||= 8;
      limited.limitResponse.queuing.queueLengthLimit ||= 50;
    }
  },
  validate(object, found) {
    const spec = object['spec'] as PriorityLevelConfigurationSpec;
    if ((object.metadata.name === 'exempt') !== (spec.type === 'Exempt')) found.invalid('spec.type', spec.type, 'is Exempt for the level named exempt alone');
    if (!LEVEL_TYPES.has(spec.type)) {
      found.notSupported('spec.type', spec.type, LEVEL_TYPES);
      return;
    }
    if (spec.type === 'Exempt') {
      if (spec.limited !== undefined) found.forbidden('spec.limited', 'goes with the type Limited');
      const { nominalConcurrencyShares: shares = 0, lendablePercent: lendable = 0 } = spec.exempt ?? {};
      if (shares < 0) found.invalid('spec.exempt.nominalConcurrencyShares', shares, 'must be 0 or more');
      if (lendable < 0 || lendable > 100) found.invalid('spec.exempt.lendablePercent', lendable, 'must be from 0 to 100');
      return;
    }
    if (spec.exempt !== undefined) found.forbidden('spec.exempt', 'goes with the type Exempt');
    const limited = spec.limited;
    if (limited === undefined) {
      found.required('spec.limited');
      return;
    }
    if ((limited.nominalConcurrencyShares ?? 0) < 0) found.invalid('spec.limited.nominalConcurrencyShares', limited.nominalConcurrencyShares, 'must be 0 or more');
    if (limited.lendablePercent !== undefined && (limited.lendablePercent < 0 || limited.lendablePercent > 100)) found.invalid('spec.limited.lendablePercent', limited.lendablePercent, 'must be from 0 to 100');
    if (limited.borrowingLimitPercent !== undefined && limited.borrowingLimitPercent < 0) found.invalid('spec.limited.borrowingLimitPercent', limited.borrowingLimitPercent, 'must be 0 or more');
    const response = limited.limitResponse;
    const type = response?.type ?? '';
    if (!RESPONSES.has(type)) found.notSupported('spec.limited.limitResponse.type', type, RESPONSES);
    else if (type === 'Reject' && response?.queuing !== undefined) found.forbidden('spec.limited.limitResponse.queuing', 'goes with the type Queue');
    else if (type === 'Queue' && response?.queuing === undefined) found.required('spec.limited.limitResponse.queuing');
    else if (type === 'Queue') {
      const { queues = 0, handSize = 0, queueLengthLimit = 0 } = response?.queuing ?? {};
      const at = 'spec.limited.limitResponse.queuing';
      if (queueLengthLimit <= 0) found.invalid(`${at}.queueLengthLimit`, queueLengthLimit, 'must be 1 or more');
      if (queues <= 0) found.invalid(`${at}.queues`, queues, 'must be 1 or more');
      if (queues > 10_000_000) found.invalid(`${at}.queues`, queues, 'must be at most 10000000');
      if (handSize <= 0) found.invalid(`${at}.handSize`, handSize, 'must be 1 or more');
      if (handSize > queues) found.invalid(`${at}.handSize`, handSize, 'must be at most queues');
    }
  },
};
