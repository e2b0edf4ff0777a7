import { basename } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take a minute or more, the longest first: what starts last is what a run waits for at its end. */
const LONG = ['main-job', 'release-scenarios-builtin', 'release-scenarios-haproxy', 'several-applications', 'kill-at-every-step', 'failed-releases', 'rebuilt-cluster', 'adopt', 'scaling-and-health', 'bad-input', 'killed-processes'];

/** Starts the files that are known to be long before the others. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = (file: TestSpecification): number => {
      const at = LONG.indexOf(basename(file.moduleId, '.test.ts'));
      return at === -1 ? LONG.length : at;
    };
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => a.project.config.sequence.groupOrder - b.project.config.sequence.groupOrder || rank(a) - rank(b));
  }
}
