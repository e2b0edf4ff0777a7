import { isDeepStrictEqual } from 'node:util';
import { readerOf, shapeName } from '../decode/reader.ts';
import type { NameCheck } from '../validation/dns-name.ts';
import { dnsSubdomain, pathSegmentName } from '../validation/dns-name.ts';
import type { FieldError } from '../validation/field-error.ts';
import { Findings } from '../validation/field-error.ts';
import { validateObjectMeta, validateObjectMetaUpdate } from '../validation/object-meta.ts';
import { bumpGeneration, genericStrategy } from './generic-strategy.ts';
import type { KindObject, Strategy, StrategyContext } from './strategy.ts';

/** The rules of one built-in kind. What is absent follows from the rest. */
export interface KindRules {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly namespaced: boolean;
  /** Default: a DNS subdomain. */
  readonly name?: NameCheck;
  /** The server counts generations. Default: false. */
  readonly generation?: boolean | 'created';
  /** A change of annotations counts as a generation too. Default: false. */
  readonly annotationsCount?: boolean;
  /** Clients may not write status with the object. Default: true where the kind has one. */
  readonly resetsStatus?: boolean;
  /** A write of the status leaves all metadata as it is. Default: false: labels, annotations, owners and finalizers may go along with it. */
  readonly statusKeepsMetadata?: boolean;
  /** Of the metadata that may go along with a write of the status, what does not. */
  readonly statusKeeps?: readonly ('labels' | 'ownerReferences' | 'deletionTimestamp')[];
  /** A replacement that names no resourceVersion is refused. Default: false. */
  readonly needsResourceVersion?: boolean;
  /** Kinds outside the core rules take a finalizer without a domain. Default: false. */
  readonly anyFinalizer?: boolean;
  readonly anyGenerateName?: boolean;
  /** Metadata is checked only where nothing else is wrong, and any name that may stand in a path will do. */
  readonly lateMetadata?: boolean;
  default?(object: KindObject): void;
  /** After status is reset. */
  prepare?(object: KindObject, context: StrategyContext): void;
  /** Replaces the check of metadata where a kind has its own. */
  validateMetadata?(object: KindObject, found: Findings): void;
  validate?(object: KindObject, found: Findings, context: StrategyContext): void;
  /** prepareUpdate counts generations itself. */
  readonly keepsGeneration?: boolean;
  /** A change of these counts as a generation too. */
  readonly countsLabels?: boolean;
  /** Before the generation is counted. */
  prepareUpdate?(object: KindObject, old: KindObject, context: StrategyContext): void;
  /** Beside `validate`, which runs on update too unless `updateValidatesAlone`. */
  validateUpdate?(object: KindObject, old: KindObject, found: Findings, context: StrategyContext): void;
  readonly updateValidatesAlone?: boolean;
  /** Before a written status is checked. */
  prepareStatusUpdate?(object: KindObject, old: KindObject, context: StrategyContext): void;
  validateStatus?(object: KindObject, old: KindObject, found: Findings): void;
  /** Of a new object, told even where it is then refused. */
  earlyWarnings?(object: KindObject): string[];
  warnings?(object: KindObject, old?: KindObject): string[];
}

/** Status as the server writes it before any controller has. */
export function emptyStatus(group: string, version: string, kind: string): () => unknown {
  const reader = readerOf(`#${shapeName(group, version, `${kind}Status`)}`);
  return () => reader.zero();
}

export function strategyOf(rules: KindRules, hasStatus: boolean): Strategy {
  const resetsStatus = hasStatus && rules.resetsStatus !== false;
  const status = resetsStatus ? emptyStatus(rules.group, rules.version, rules.kind) : undefined;
  const metaRules = { name: rules.name ?? dnsSubdomain, namespaced: rules.namespaced, anyFinalizer: rules.anyFinalizer, anyGenerateName: rules.anyGenerateName };
  return {
    ...(rules.needsResourceVersion === true && { needsResourceVersion: true }),
    default: (object) => rules.default?.(object),
    prepareForCreate(object, context) {
      if (status !== undefined) object['status'] = status();
      if (rules.generation !== undefined) object.metadata.generation = 1;
      rules.prepare?.(object, context);
    },
    prepareForUpdate(object, old, context) {
      if (resetsStatus) object['status'] = old['status'];
      rules.prepareUpdate?.(object, old, context);
      if (rules.generation === true) {
        bumpGeneration(object, old, rules.annotationsCount);
        const relabelled = rules.countsLabels === true && !isDeepStrictEqual(object.metadata.labels, old.metadata.labels);
        if (relabelled && object.metadata.generation === old.metadata.generation) object.metadata.generation = (old.metadata.generation ?? 0) + 1;
      } else if (rules.keepsGeneration !== true && old.metadata.generation !== undefined) object.metadata.generation = old.metadata.generation;
    },
    prepareForStatusUpdate(object, old, context) {
      const { metadata } = object;
      genericStrategy.prepareForStatusUpdate(object, old, context);
      rules.prepareStatusUpdate?.(object, old, context);
      if (rules.statusKeepsMetadata === true) return;
      object.metadata = { ...metadata, ...(old.metadata.generation !== undefined && { generation: old.metadata.generation }) };
      for (const field of rules.statusKeeps ?? []) {
        if (old.metadata[field] === undefined) delete object.metadata[field];
        else (object.metadata as Record<string, unknown>)[field] = old.metadata[field];
      }
    },
    validate(object, context): FieldError[] {
      const found = new Findings();
      if (rules.validateMetadata !== undefined) rules.validateMetadata(object, found);
      else if (rules.lateMetadata !== true) validateObjectMeta(object.metadata, metaRules, 'metadata', found);
      rules.validate?.(object, found, context);
      if (rules.lateMetadata === true && found.errors.length === 0) validateObjectMeta(object.metadata, { ...metaRules, name: pathSegmentName }, 'metadata', found);
      return found.errors;
    },
    validateUpdate(object, old, context): FieldError[] {
      const found = new Findings();
      validateObjectMetaUpdate(object.metadata, old.metadata, 'metadata', found, rules.anyFinalizer === true || rules.lateMetadata === true);
      if (rules.updateValidatesAlone !== true) rules.validate?.(object, found, context);
      rules.validateUpdate?.(object, old, found, context);
      return found.errors;
    },
    validateStatusUpdate(object, old): FieldError[] {
      const found = new Findings();
      validateObjectMetaUpdate(object.metadata, old.metadata, 'metadata', found, rules.anyFinalizer === true || rules.lateMetadata === true);
      rules.validateStatus?.(object, old, found);
      return found.errors;
    },
    earlyWarnings: (object) => rules.earlyWarnings?.(object) ?? [],
    warnings: (object, old) => rules.warnings?.(object, old) ?? [],
  };
}
