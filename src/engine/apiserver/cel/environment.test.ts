import { expect, test } from 'vitest';
import { celEnvironment, compile } from './environment.ts';
import { celValue } from './values.ts';
import { AuthorizerValue } from './authorizer.ts';

const object = celValue({ spec: { replicas: 3, names: ['b', 'a'], limits: { cpu: '500m' } } });
const authorizer = new AuthorizerValue({ decide: (_, a) => ({ allowed: a.verb === 'get', reason: '' }), rules: () => [], roleRules: () => [] }, { username: 'u', groups: [] });
const evaluate = (text: string): unknown => compile(celEnvironment(['object', 'authorizer']), text)({ object, authorizer });

test.for([
  ['object.spec.replicas + 1', 4n],
  ['object.spec.?paused.orValue(false)', false],
  ['object.spec.names.isSorted()', false],
  ['[3, 1, 2].min() + [3, 1, 2].max() + [3, 1, 2].sum()', 10n],
  ["object.spec.names.indexOf('a')", 1n],
  ["sets.contains(object.spec.names, ['a'])", true],
  ["sets.equivalent(['a', 'b', 'a'], object.spec.names)", true],
  ["'image:v12'.find('[0-9]+')", '12'],
  ["'a1b22'.findAll('[0-9]+')", ['1', '22']],
  ["'%s of %d, %.1f%%'.format(['x', 3, 1.24])", 'x of 3, 1.2%'],
  ["quantity(object.spec.limits.cpu).isLessThan(quantity('1'))", true],
  ["quantity('1Gi').add(quantity('1Gi')).compareTo(quantity('2Gi'))", 0n],
  ["isQuantity('1.5x')", false],
  ["cidr('10.0.0.0/8').containsIP('10.1.2.3')", true],
  ["cidr('10.0.0.0/8').containsCIDR('11.0.0.0/16')", false],
  ["isIP('::1') && ip('::1').isLoopback() && ip('10.0.0.1').family() == 4", true],
  ["authorizer.group('').resource('pods').namespace('x').check('get').allowed()", true],
  ["authorizer.serviceAccount('x', 'y').path('/healthz').check('post').allowed()", false],
  ["'a-b'.replace('-', '$&')", 'a$&b'],
  ["url('https://user@example.com:8443/a%20b?x=1&x=2').getHost()", 'example.com:8443'],
  ["url('https://[::1]:8443/a').getHostname() + url('https://[::1]:8443/a').getPort() + url('https://[::1]:8443/a').getScheme()", '::18443https'],
  ["url('/a%20b?x=1&x=2').getQuery()['x'] == ['1', '2'] && url('/a%20b').getEscapedPath() == '/a%20b' && url('/a').getHost() == ''", true],
  ["isURL('example.com') || isURL('../a') || isURL('')", false],
  ["semver('1.10.0').isGreaterThan(semver('1.9.3')) && semver('1.0.0-rc.1').compareTo(semver('1.0.0')) < 0", true],
  ["semver('2.3.4').major() * 100 + semver('2.3.4').minor() * 10 + semver('2.3.4').patch()", 234n],
  ["isSemver('v1.0') || isSemver('1.0')", false],
  ["isSemver('v01.0', true) && semver('v1.2', true) == semver('1.2.0')", true],
  ["format.dns1123Label().validate('a-b').hasValue() || format.named('nope').hasValue()", false],
  ["format.named('uuid').value().validate('x').value().size()", 1n],
  ["ip('fe80::1').isLinkLocalUnicast() && ip('10.0.0.1').isGlobalUnicast() && !ip('127.0.0.1').isGlobalUnicast()", true],
  ["ip.isCanonical('::1') && !ip.isCanonical('0:0:0:0:0:0:0:1') && ip('::1') == ip('0:0:0:0:0:0:0:1')", true],
  ["cidr('10.1.2.3/8').masked() == cidr('10.0.0.0/8') && cidr('fd00:1:2::9/32').masked() == cidr('fd00:1::/32')", true],
  ["strings.quote('a\"b')", '"a\\"b"'],
  ["object.spec.names.all(i, n, i < 2 && n != 'c') && object.spec.limits.exists(k, v, k == 'cpu' && v == '500m')", true],
  ["object.spec.names.exists(i, n, n.nope == 1 || i == 1) && object.spec.names.existsOne(i, n, n == 'a')", true],
  ["object.spec.names.transformList(i, n, string(i) + n)", ['0b', '1a']],
  ["object.spec.names.transformList(i, n, i > 0, n)", ['a']],
  ["object.spec.limits.transformMap(k, v, v + k) == {'cpu': '500mcpu'} && {'a': 1, 'b': 2}.transformMap(k, v, v > 1, v * 2) == {'b': 4}", true],
  ["object.spec.limits.transformMapEntry(k, v, {v: k}) == {'500m': 'cpu'}", true],
  ["object.spec.names.all(i, n, object.spec.names.exists(j, m, i == j && n == m))", true],
  ['has(object.spec.names[0].a) || has(object.spec.limits.cpu)', true],
] as const)('%s', ([text, value]) => expect(evaluate(text)).toEqual(value));

test.for(['object.metadata.name', '[].min()', "quantity('x')", "'%d'.format(['a'])", 'object +', 'nobody.name'])('%s is an error', (text) => expect(() => evaluate(text)).toThrow());
