import type { CustomResourceDefinition, CustomResourceDefinitionNames } from '../../../kubernetes/types.generated.ts';

export interface NameVerdict {
  /** The names that are the definition's own, and those it had before where another has the wanted one. */
  readonly accepted: CustomResourceDefinitionNames;
  /** Absent: every name is free. */
  readonly conflict?: { readonly reason: string; readonly message: string };
}

/** Which of a definition's names no other of its group has. A name goes to the definition that was there first. */
export function acceptNames(definition: CustomResourceDefinition, others: readonly CustomResourceDefinition[]): NameVerdict {
  const wanted = namesOf(definition);
  const had = definition.status?.acceptedNames;
  const taken = others.filter((o) => o.metadata?.name !== definition.metadata?.name && o.spec?.group === definition.spec?.group).map((o) => o.status?.acceptedNames);
  const resources = new Set(taken.flatMap((n) => (n?.plural ? [n.plural, n.singular ?? '', ...(n.shortNames ?? [])] : [])).filter((n) => n !== ''));
  const kinds = new Set(taken.flatMap((n) => [n?.kind ?? '', n?.listKind ?? '']).filter((n) => n !== ''));
  const conflicts: { reason: string; message: string }[] = [];
  const check = (reason: string, name: string | undefined, used: ReadonlySet<string>): boolean => {
    if (name === undefined || !used.has(name)) return true;
    conflicts.push({ reason, message: `"${name}" is already in use` });
    return false;
  };
  const shortNames = (wanted.shortNames ?? []).filter((name) => check('ShortNamesConflict', name, resources));
  const accepted: CustomResourceDefinitionNames = {
    plural: check('PluralConflict', wanted.plural, resources) ? wanted.plural : (had?.plural ?? ''),
    ...optional('singular', check('SingularConflict', wanted.singular, resources) ? wanted.singular : had?.singular),
    ...(wanted.shortNames && { shortNames }),
    kind: check('KindConflict', wanted.kind, kinds) ? wanted.kind : (had?.kind ?? ''),
    ...optional('listKind', check('ListKindConflict', wanted.listKind, kinds) ? wanted.listKind : had?.listKind),
    ...(wanted.categories && { categories: wanted.categories }),
  };
  return { accepted, ...(conflicts[0] && { conflict: conflicts[0] }) };
}

function optional(name: string, value: string | undefined): object {
  return value === undefined || value === '' ? {} : { [name]: value };
}

function namesOf({ spec }: CustomResourceDefinition): CustomResourceDefinitionNames {
  const { plural = '', kind = '', singular, listKind, ...rest } = spec?.names ?? { plural: '', kind: '' };
  return { ...rest, plural, kind, singular: singular ?? kind.toLowerCase(), listKind: listKind ?? `${kind}List` };
}
