import type { Container, LifecycleHandler, PodSpec, Probe } from '../../../../../kubernetes/types.generated.ts';
import type { Findings } from '../../../validation/field-error.ts';
import { portNumber, validatePortReference } from '../../../validation/port.ts';

const SCHEMES = new Set(['HTTP', 'HTTPS']);
const HEADER_NAME = /^[-A-Za-z0-9]+$/;

type Handler = Pick<Probe, 'exec' | 'httpGet' | 'tcpSocket' | 'grpc'> & Pick<LifecycleHandler, 'sleep'>;

/** @param graceSeconds how long a container may take to end; a sleep beyond it makes no sense */
export function validateHandler(handler: Handler, path: string, found: Findings, graceSeconds = 0): void {
  let count = 0;
  const only = (field: string): boolean => {
    count++;
    if (count > 1) found.forbidden(`${path}.${field}`, 'only one action may be given');
    return count === 1;
  };
  if (handler.exec !== undefined && only('exec') && (handler.exec.command?.length ?? 0) === 0) found.required(`${path}.exec.command`);
  if (handler.httpGet !== undefined && only('httpGet')) {
    const action = handler.httpGet;
    if (action.path === undefined || action.path === '') found.required(`${path}.httpGet.path`);
    validatePortReference(action.port, `${path}.httpGet.port`, found);
    if (!SCHEMES.has(action.scheme ?? '')) found.notSupported(`${path}.httpGet.scheme`, action.scheme, SCHEMES);
    action.httpHeaders?.forEach((header) => {
      if (!HEADER_NAME.test(header.name)) found.invalid(`${path}.httpGet.httpHeaders`, header.name, 'must be a header name, such as X-Traffic-Group');
    });
  }
  if (handler.tcpSocket !== undefined && only('tcpSocket')) validatePortReference(handler.tcpSocket.port, `${path}.tcpSocket.port`, found);
  if (handler.grpc !== undefined && only('grpc')) found.eachInvalid(`${path}.grpc.port`, handler.grpc.port, portNumber(handler.grpc.port));
  if (handler.sleep !== undefined && only('sleep') && (handler.sleep.seconds < 0 || handler.sleep.seconds > graceSeconds)) found.invalid(`${path}.sleep`, handler.sleep.seconds, `must be from 0 to terminationGracePeriodSeconds (${graceSeconds})`);
  if (count === 0) found.required(path, 'an action is needed');
}

export function validateLifecycle(lifecycle: Container['lifecycle'], { terminationGracePeriodSeconds }: PodSpec, path: string, found: Findings): void {
  if (lifecycle?.postStart !== undefined) validateHandler(lifecycle.postStart, `${path}.postStart`, found, terminationGracePeriodSeconds);
  if (lifecycle?.preStop !== undefined) validateHandler(lifecycle.preStop, `${path}.preStop`, found, terminationGracePeriodSeconds);
}

function validateProbe(probe: Probe, path: string, found: Findings): void {
  validateHandler(probe, path, found);
  for (const field of ['initialDelaySeconds', 'timeoutSeconds', 'periodSeconds', 'successThreshold', 'failureThreshold'] as const) found.nonNegative(`${path}.${field}`, probe[field]);
  if (probe.terminationGracePeriodSeconds !== undefined && probe.terminationGracePeriodSeconds <= 0) {
    found.invalid(`${path}.terminationGracePeriodSeconds`, probe.terminationGracePeriodSeconds, 'must be more than 0');
  }
}

export function validateContainerProbes(container: Container, path: string, found: Findings): void {
  for (const field of ['livenessProbe', 'readinessProbe', 'startupProbe'] as const) {
    const probe = container[field];
    if (probe === undefined) continue;
    validateProbe(probe, `${path}.${field}`, found);
    if (field === 'readinessProbe') {
      if (probe.terminationGracePeriodSeconds !== undefined) found.invalid(`${path}.${field}.terminationGracePeriodSeconds`, probe.terminationGracePeriodSeconds, 'has no meaning for readiness');
    } else if (probe.successThreshold !== 1) found.invalid(`${path}.${field}.successThreshold`, probe.successThreshold, 'must be 1');
  }
}
