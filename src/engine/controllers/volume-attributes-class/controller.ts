import { PersistentVolumeClaims, PersistentVolumes, VolumeAttributesClasses } from '../../../client/kinds.ts';
import { keyOf, type ObjectKey } from '../../../client/resource.ts';
import { isConflict, isNotFound } from '../../../client/status-error.ts';
import { source, type ControllerFactory } from '../../../runtime/controller.ts';
import { isInUse } from './in-use.ts';

const FINALIZER = 'kubernetes.io/vac-protection';

/** Lets go of a class of volume attributes that is being deleted once no claim and no volume names it. */
export const volumeAttributesClassController: ControllerFactory = (context) => {
  const classes = context.informer(VolumeAttributesClasses);
  const held = (): ObjectKey[] => classes.list().filter((c) => c.metadata?.deletionTimestamp !== undefined).map(keyOf);
  return {
    name: 'volume-attributes-class',
    sources: [source(VolumeAttributesClasses, (c) => [keyOf(c)]), source(PersistentVolumeClaims, held), source(PersistentVolumes, held)],
    workers: 1,
    async reconcile(key) {
      const found = classes.get(key);
      const finalizers = found?.metadata?.finalizers ?? [];
      if (found?.metadata?.deletionTimestamp === undefined || !finalizers.includes(FINALIZER) || isInUse(found, context.informer(PersistentVolumeClaims).list(), context.informer(PersistentVolumes).list())) return {};
      await context.client.update(VolumeAttributesClasses, { ...found, metadata: { ...found.metadata, finalizers: finalizers.filter((f) => f !== FINALIZER) } }).catch((e: unknown) => {
        if (!isNotFound(e) && !isConflict(e)) throw e;
      });
      return {};
    },
  };
};
