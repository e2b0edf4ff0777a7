import { releaseScenarios } from './release-scenarios.ts';

releaseScenarios('builtin');
