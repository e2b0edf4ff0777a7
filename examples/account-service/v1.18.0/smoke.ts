/** The test job of a release: calls the candidate Service and fails unless the expected version answers well. */
const { CANDIDATE_URL, EXPECTED_VERSION } = process.env;
if (!CANDIDATE_URL || !EXPECTED_VERSION) {
  console.error('CANDIDATE_URL and EXPECTED_VERSION must be set: the release sets the first, the Application the second');
  process.exit(2);
}
const reply = await fetch(new URL('/', CANDIDATE_URL), { signal: AbortSignal.timeout(10_000) });
const version = reply.headers.get('x-version');
console.log(`${CANDIDATE_URL} answered ${reply.status} from ${version}`);
process.exit(reply.ok && version === EXPECTED_VERSION ? 0 : 1);
