import { X509Certificate } from 'node:crypto';
import { parse } from 'yaml';

/** A claim, with a text before it. `expression` instead of `claim`: CEL over `claims`. */
export interface ClaimMapping {
  readonly claim?: string;
  readonly prefix?: string;
  readonly expression?: string;
}

/** An OpenID Connect provider whose ID tokens are credentials. */
export interface JwtIssuer {
  readonly issuer: { readonly url: string; readonly discoveryURL?: string; readonly audiences: readonly string[]; /** PEM; absent: the machine's own. */ readonly certificateAuthority?: string };
  readonly claimValidationRules: readonly { readonly claim?: string; readonly requiredValue?: string; readonly expression?: string; readonly message?: string }[];
  readonly claimMappings: { readonly username: ClaimMapping; readonly groups?: ClaimMapping; readonly uid?: ClaimMapping };
  readonly userValidationRules: readonly { readonly expression: string; readonly message?: string }[];
}

/** Who may come in beside the cluster's own users, in the form of Kubernetes's `AuthenticationConfiguration`.
 *  Source: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#using-authentication-configuration */
export interface AuthenticationConfig {
  readonly jwt: readonly JwtIssuer[];
  /** Absent: requests without credentials are refused. `paths` absent: they may ask for anything, and roles decide. */
  readonly anonymous?: { readonly paths?: readonly string[] };
}

export class AuthenticationConfigError extends Error {
  override readonly name = 'AuthenticationConfigError';
}

const VERSIONS = ['apiserver.config.k8s.io/v1', 'apiserver.config.k8s.io/v1beta1'];
type Fields = Record<string, unknown>;

/** @throws {AuthenticationConfigError} which names the field, the value and what is allowed */
export function parseAuthenticationConfig(text: string): AuthenticationConfig {
  let config: Fields;
  try {
    config = parse(text) as Fields;
  } catch (cause) {
    throw new AuthenticationConfigError(`The authentication configuration is not YAML: ${(cause as Error).message}`, { cause });
  }
  if (!VERSIONS.includes(String(config?.['apiVersion'])) || config['kind'] !== 'AuthenticationConfiguration') throw new AuthenticationConfigError(`An authentication configuration is of apiVersion ${VERSIONS[0]} and kind AuthenticationConfiguration, not ${String(config?.['apiVersion'] ?? 'nothing')} and ${String(config?.['kind'] ?? 'nothing')}`);
  known(config, '', ['apiVersion', 'kind', 'jwt', 'anonymous']);
  const jwt = list(config['jwt'], 'jwt').map((one, i) => issuerOf(one, `jwt[${i}]`));
  const doubled = jwt.find(({ issuer }, i) => jwt.findIndex((other) => other.issuer.url === issuer.url) < i);
  if (doubled !== undefined) throw new AuthenticationConfigError(`jwt has the issuer ${doubled.issuer.url} twice`);
  const anonymous = config['anonymous'] === undefined ? undefined : anonymousOf(config['anonymous'] as Fields);
  return { jwt, ...(anonymous && { anonymous }) };
}

function anonymousOf(given: Fields): AuthenticationConfig['anonymous'] | undefined {
  known(given, 'anonymous', ['enabled', 'conditions']);
  if (given['enabled'] !== true) return undefined;
  const paths = list(given['conditions'], 'anonymous.conditions').map((condition, i) => {
    const path = (condition as Fields)['path'];
    if (typeof path !== 'string' || !path.startsWith('/')) throw new AuthenticationConfigError(`anonymous.conditions[${i}].path is ${JSON.stringify(path)}: a path begins with /`);
    return path;
  });
  return paths.length === 0 ? {} : { paths };
}

function issuerOf(given: unknown, at: string): JwtIssuer {
  const one = object(given, at);
  known(one, at, ['issuer', 'claimValidationRules', 'claimMappings', 'userValidationRules']);
  const issuer = object(one['issuer'], `${at}.issuer`);
  known(issuer, `${at}.issuer`, ['url', 'discoveryURL', 'audiences', 'audienceMatchPolicy', 'certificateAuthority']);
  const audiences = list(issuer['audiences'], `${at}.issuer.audiences`).map(String);
  if (audiences.length === 0) throw new AuthenticationConfigError(`${at}.issuer.audiences names at least one audience: the client id`);
  if (audiences.length > 1 && issuer['audienceMatchPolicy'] !== 'MatchAny') throw new AuthenticationConfigError(`${at}.issuer.audienceMatchPolicy must be MatchAny with several audiences`);
  const discoveryURL = issuer['discoveryURL'] === undefined ? undefined : https(issuer['discoveryURL'], `${at}.issuer.discoveryURL`);
  const certificateAuthority = issuer['certificateAuthority'] === undefined ? undefined : certificate(issuer['certificateAuthority'], `${at}.issuer.certificateAuthority`);
  const mappings = object(one['claimMappings'], `${at}.claimMappings`);
  known(mappings, `${at}.claimMappings`, ['username', 'groups', 'uid']);
  return {
    issuer: { url: https(issuer['url'], `${at}.issuer.url`), audiences, ...(discoveryURL !== undefined && { discoveryURL }), ...(certificateAuthority !== undefined && { certificateAuthority }) },
    claimValidationRules: list(one['claimValidationRules'], `${at}.claimValidationRules`).map((rule, i) => {
      const fields = object(rule, `${at}.claimValidationRules[${i}]`);
      if ((fields['claim'] === undefined) === (fields['expression'] === undefined)) throw new AuthenticationConfigError(`${at}.claimValidationRules[${i}] has either a claim or an expression`);
      return fields;
    }),
    claimMappings: {
      username: mapping(mappings['username'], `${at}.claimMappings.username`, true),
      ...(mappings['groups'] !== undefined && { groups: mapping(mappings['groups'], `${at}.claimMappings.groups`, true) }),
      ...(mappings['uid'] !== undefined && { uid: mapping(mappings['uid'], `${at}.claimMappings.uid`, false) }),
    },
    userValidationRules: list(one['userValidationRules'], `${at}.userValidationRules`).map((rule, i) => {
      const { expression, message } = object(rule, `${at}.userValidationRules[${i}]`);
      if (typeof expression !== 'string') throw new AuthenticationConfigError(`${at}.userValidationRules[${i}].expression is missing`);
      return { expression, ...(typeof message === 'string' && { message }) };
    }),
  };
}

/** Kubernetes wants a prefix said, even an empty one: without it an issuer could name the cluster's own users. */
function mapping(given: unknown, at: string, needsPrefix: boolean): ClaimMapping {
  const { claim, prefix, expression } = object(given, at);
  if ((claim === undefined) === (expression === undefined)) throw new AuthenticationConfigError(`${at} has either a claim or an expression`);
  if (needsPrefix && claim !== undefined && typeof prefix !== 'string') throw new AuthenticationConfigError(`${at}.prefix is missing: the text before the claim, '' for none`);
  if (expression !== undefined && prefix !== undefined) throw new AuthenticationConfigError(`${at}.prefix goes with a claim: an expression puts it there itself`);
  return { ...(typeof claim === 'string' && { claim }), ...(typeof prefix === 'string' && { prefix }), ...(typeof expression === 'string' && { expression }) };
}

function known(given: Fields, at: string, fields: readonly string[]): void {
  const wrong = Object.keys(given).find((field) => !fields.includes(field));
  if (wrong !== undefined) throw new AuthenticationConfigError(`${at === '' ? '' : `${at}.`}${wrong} is not known: there are ${fields.join(', ')}`);
}

function object(given: unknown, at: string): Fields {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) throw new AuthenticationConfigError(`${at} is missing`);
  return given as Fields;
}

function list(given: unknown, at: string): unknown[] {
  if (given !== undefined && !Array.isArray(given)) throw new AuthenticationConfigError(`${at} is a list`);
  return given ?? [];
}

function https(given: unknown, at: string): string {
  if (typeof given === 'string' && URL.canParse(given) && given.startsWith('https://')) return given;
  throw new AuthenticationConfigError(`${at} is ${JSON.stringify(given)}: it must be an https URL`);
}

function certificate(given: unknown, at: string): string {
  try {
    void new X509Certificate(String(given));
    return String(given);
  } catch (cause) {
    throw new AuthenticationConfigError(`${at} is no certificate in PEM`, { cause });
  }
}
