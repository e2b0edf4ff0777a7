import { Option } from 'commander';

/** Which controllers a control plane runs. */
export type ControllerChoice = 'all' | 'kubernetes';

export const controllersOption = (): Option => new Option('--controllers <which>', "kubernetes leaves Aweigh's own out, for 'aweigh install'").choices(['all', 'kubernetes']).default('all');
