import type { Command } from 'commander';
import type { Terminal } from '../terminal.ts';
import { adoptCommand } from './adopt.ts';
import { applyCommand } from './apply.ts';
import { backupCommand, restoreCommand } from './backup.ts';
import { demoCommand } from './demo.ts';
import { downCommand } from './down.ts';
import { healthCommand } from './health.ts';
import { imageCommand } from './image.ts';
import { installCommand, uninstallCommand } from './install.ts';
import { loadCommand } from './load.ts';
import { logsCommand } from './logs.ts';
import { pushCommand } from './push.ts';
import { recordCommand } from './record.ts';
import { releaseCommand } from './release.ts';
import { scaleCommand } from './scale.ts';
import { sourceCommand } from './source.ts';
import { statusCommand } from './status.ts';
import { upCommand } from './up.ts';

/** Every command that people use, in the order of the help. */
export function peopleCommands(terminal: Terminal): Command[] {
  return [upCommand, downCommand, statusCommand, applyCommand, imageCommand, pushCommand, sourceCommand, releaseCommand, scaleCommand, logsCommand, healthCommand, recordCommand, backupCommand, restoreCommand, adoptCommand, installCommand, uninstallCommand, demoCommand, loadCommand].map((make) => make(terminal));
}
