import { Command } from 'commander';

/** Runs the command line of this process. */
export async function main(): Promise<void> {
  await new Command('aweigh').description('Deploys, scales and operates applications').parseAsync();
}
