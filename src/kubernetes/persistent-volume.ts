/** A scheduler sets it on a claim whose class waits for its first pod: the node on which the volume has to be. */
export const SELECTED_NODE = 'volume.kubernetes.io/selected-node';
