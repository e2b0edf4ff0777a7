import type { Container, ContainerPort, EnvFromSource, EnvVar, PodSpec, VolumeDevice, VolumeMount } from '../../../../../kubernetes/types.generated.ts';
import { configKey, environmentName } from '../../../validation/config-key.ts';
import { dnsLabel, dnsSubdomain } from '../../../validation/dns-name.ts';
import type { Findings } from '../../../validation/field-error.ts';
import { qualifiedName } from '../../../validation/label.ts';
import { portName, portNumber, PROTOCOLS } from '../../../validation/port.ts';
import { localPath } from '../../../validation/path.ts';
import { ipAddress } from '../../../validation/ip-address.ts';
import { validateContainerProbes, validateLifecycle } from './validate-probe.ts';
import { validateResources } from './validate-resources.ts';
import { validateContainerSecurityContext } from './validate-security.ts';
import type { VolumeKinds } from './validate-volume.ts';

const PULL_POLICIES = new Set(['Always', 'IfNotPresent', 'Never']);
const MESSAGE_POLICIES = new Set(['File', 'FallbackToLogsOnError']);
const RESIZE_RESOURCES = new Set(['cpu', 'memory']);
const RESIZE_POLICIES = new Set(['NotRequired', 'RestartContainer']);
const MOUNT_PROPAGATIONS = new Set(['Bidirectional', 'HostToContainer', 'None']);
const RECURSIVE_READ_ONLY = new Set(['Disabled', 'Enabled', 'IfPossible']);
const RESTART_ACTIONS = new Set(['Restart', 'RestartAllContainers']);

export function validateContainers(spec: PodSpec, volumes: VolumeKinds, claims: ReadonlySet<string>, path: string, found: Findings): void {
  const containers = spec.containers ?? [];
  if (containers.length === 0) {
    found.required(path, 'at least one container is needed');
    return;
  }
  const names = new Set<string>();
  containers.forEach((container, i) => {
    const at = `${path}[${i}]`;
    validateContainer(container, spec, volumes, claims, at, found);
    if (names.has(container.name)) found.duplicate(`${at}.name`, container.name);
    else if (container.name !== '') names.add(container.name);
    validateLifecycle(container.lifecycle, `${at}.lifecycle`, found);
    validateContainerProbes(container, at, found);
  });
  validateHostPorts(containers, path, found);
}

export function validateInitContainers(spec: PodSpec, volumes: VolumeKinds, claims: ReadonlySet<string>, path: string, found: Findings): void {
  const names = new Set((spec.containers ?? []).map((container) => container.name));
  spec.initContainers?.forEach((container, i) => {
    const at = `${path}[${i}]`;
    validateContainer(container, spec, volumes, claims, at, found);
    if (names.has(container.name)) found.duplicate(`${at}.name`, container.name);
    else if (container.name !== '') names.add(container.name);
    if (container.restartPolicy === 'Always') {
      validateLifecycle(container.lifecycle, `${at}.lifecycle`, found);
      validateContainerProbes(container, at, found);
    } else {
      for (const field of ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const) {
        if (container[field] !== undefined) found.forbidden(`${at}.${field}`, 'an init container has this only with restartPolicy Always');
      }
    }
    validateHostPorts([container], path, found);
  });
}

function validateHostPorts(containers: readonly Container[], path: string, found: Findings): void {
  const seen = new Set<string>();
  containers.forEach((container, i) => container.ports?.forEach((port, j) => {
    if (port.hostPort === undefined || port.hostPort === 0) return;
    const key = `${port.protocol}/${port.hostIP ?? ''}/${port.hostPort}`;
    if (seen.has(key)) found.duplicate(`${path}[${i}].ports[${j}].hostPort`, key);
    seen.add(key);
  }));
}

export function validateContainer(container: Container, spec: PodSpec, volumes: VolumeKinds, claims: ReadonlySet<string>, path: string, found: Findings): void {
  if (container.name === '') found.required(`${path}.name`);
  else found.eachInvalid(`${path}.name`, container.name, dnsLabel(container.name));
  if (container.image === undefined) found.required(`${path}.image`);
  found.requiredEnum(`${path}.terminationMessagePolicy`, container.terminationMessagePolicy, MESSAGE_POLICIES);
  found.requiredEnum(`${path}.imagePullPolicy`, container.imagePullPolicy, PULL_POLICIES);
  if (container.ports !== undefined) validatePorts(container.ports, spec, `${path}.ports`, found);
  if (container.env !== undefined) container.env.forEach((variable, i) => validateVariable(variable, volumes, `${path}.env[${i}]`, found));
  if (container.envFrom !== undefined) container.envFrom.forEach((source, i) => validateEnvFrom(source, `${path}.envFrom[${i}]`, found));
  const devicePaths = new Set<string>();
  validateDevices(container.volumeDevices, container.volumeMounts, volumes, `${path}.volumeDevices`, found, devicePaths);
  validateMounts(container.volumeMounts, volumes, devicePaths, container, `${path}.volumeMounts`, found);
  validateResources(container.resources, `${path}.resources`, found, claims);
  validateContainerSecurityContext(container.securityContext, `${path}.securityContext`, found, spec.hostUsers);
  if (container.resizePolicy !== undefined) {
    const resized = new Set<string>();
    container.resizePolicy.forEach((policy, i) => {
      const at = `${path}.resizePolicy`;
      if (resized.has(policy.resourceName)) found.duplicate(`${at}[${i}]`, policy.resourceName);
      resized.add(policy.resourceName);
      found.requiredEnum(at, policy.resourceName, RESIZE_RESOURCES);
      found.requiredEnum(at, policy.restartPolicy, RESIZE_POLICIES);
      if (spec.restartPolicy === 'Never' && policy.restartPolicy === 'RestartContainer') found.invalid(at, policy.restartPolicy, 'must be NotRequired where the pod never restarts');
    });
  }
  container.restartPolicyRules?.forEach((rule, i) => {
    if (!RESTART_ACTIONS.has(rule.action)) found.notSupported(`${path}.restartPolicyRules[${i}].action`, rule.action, RESTART_ACTIONS);
  });
}

function validatePorts(ports: readonly ContainerPort[], spec: PodSpec, path: string, found: Findings): void {
  const names = new Set<string>();
  ports.forEach((port, i) => {
    const at = `${path}[${i}]`;
    if (port.name !== undefined) {
      const messages = portName(port.name);
      if (messages.length > 0) found.eachInvalid(`${at}.name`, port.name, messages);
      else if (names.has(port.name)) found.duplicate(`${at}.name`, port.name);
      else names.add(port.name);
    }
    if (port.containerPort === 0) found.required(`${at}.containerPort`);
    else found.eachInvalid(`${at}.containerPort`, port.containerPort, portNumber(port.containerPort));
    if (port.hostPort !== undefined) found.eachInvalid(`${at}.hostPort`, port.hostPort, portNumber(port.hostPort));
    found.requiredEnum(`${at}.protocol`, port.protocol, PROTOCOLS);
    if (port.hostIP !== undefined) found.eachInvalid(`${at}.hostIP`, port.hostIP, ipAddress(port.hostIP));
    if (spec.hostNetwork === true && port.hostPort !== port.containerPort) found.invalid(`${at}.hostPort`, port.hostPort, 'must be the containerPort with hostNetwork');
  });
}

const ENV_FIELDS = new Set(['metadata.name', 'metadata.namespace', 'metadata.uid', 'spec.nodeName', 'spec.serviceAccountName', 'status.hostIP', 'status.hostIPs', 'status.podIP', 'status.podIPs']);
const FILE_FIELDS = new Set(['metadata.name', 'metadata.namespace', 'metadata.labels', 'metadata.annotations', 'metadata.uid']);
const SUBSCRIPTED = /^metadata\.(annotations|labels)\['(.*)'\]$/;
const RESOURCE_FIELDS = new Set(['limits.cpu', 'limits.memory', 'limits.ephemeral-storage', 'requests.cpu', 'requests.memory', 'requests.ephemeral-storage']);

export function validateFieldRef(ref: { apiVersion?: string; fieldPath: string }, use: 'env' | 'file', path: string, found: Findings): void {
  if (ref.apiVersion === undefined) {
    found.required(`${path}.apiVersion`);
    return;
  }
  if (ref.fieldPath === '') {
    found.required(`${path}.fieldPath`);
    return;
  }
  const subscripted = SUBSCRIPTED.exec(ref.fieldPath);
  if (subscripted !== null) {
    const key = subscripted[2] as string;
    found.eachInvalid(path, key, qualifiedName(subscripted[1] === 'annotations' ? key.toLowerCase() : key));
    return;
  }
  const known = use === 'env' ? ENV_FIELDS : FILE_FIELDS;
  if (known.has(ref.fieldPath)) return;
  const readable = ENV_FIELDS.has(ref.fieldPath) || FILE_FIELDS.has(ref.fieldPath) || ref.fieldPath === 'status.phase' || ref.fieldPath === 'spec.restartPolicy' || ref.fieldPath === 'spec.schedulerName' || ref.fieldPath === 'status.nominatedNodeName' || ref.fieldPath === 'spec.hostNetwork';
  if (ref.apiVersion !== 'v1' || !readable) found.invalid(`${path}.fieldPath`, ref.fieldPath, `must be one of ${[...known].join(', ')}`);
  else found.notSupported(`${path}.fieldPath`, ref.fieldPath, known);
}

export function validateResourceFieldRef(ref: { containerName?: string; resource: string; divisor?: string }, isVolume: boolean, path: string, found: Findings): void {
  if (isVolume && ref.containerName === undefined) found.required(`${path}.containerName`);
  else if (ref.resource === '') found.required(`${path}.resource`);
  else if (!RESOURCE_FIELDS.has(ref.resource) && !/^(limits|requests)\.hugepages-.+/.test(ref.resource)) found.notSupported(`${path}.resource`, ref.resource, RESOURCE_FIELDS);
}

function validateKeySelector(selector: { name?: string; key: string }, path: string, found: Findings): void {
  if (selector.name === undefined) found.required(`${path}.name`);
  else found.eachInvalid(`${path}.name`, selector.name, dnsSubdomain(selector.name));
  if (selector.key === '') found.required(`${path}.key`);
  else found.eachInvalid(`${path}.key`, selector.key, configKey(selector.key));
}

function validateVariable(variable: EnvVar, volumes: VolumeKinds, path: string, found: Findings): void {
  if (variable.name === '') found.required(`${path}.name`);
  else found.eachInvalid(`${path}.name`, variable.name, environmentName(variable.name));
  const source = variable.valueFrom;
  if (source === undefined) return;
  const at = `${path}.valueFrom`;
  if (source.fieldRef !== undefined) validateFieldRef(source.fieldRef, 'env', `${at}.fieldRef`, found);
  if (source.resourceFieldRef !== undefined) validateResourceFieldRef(source.resourceFieldRef, false, `${at}.resourceFieldRef`, found);
  if (source.configMapKeyRef !== undefined) validateKeySelector(source.configMapKeyRef, `${at}.configMapKeyRef`, found);
  if (source.secretKeyRef !== undefined) validateKeySelector(source.secretKeyRef, `${at}.secretKeyRef`, found);
  if (source.fileKeyRef !== undefined) {
    const file = source.fileKeyRef;
    if (file.key === '') found.required(`${at}.fileKeyRef.key`);
    else found.eachInvalid(`${at}.fileKeyRef.key`, file.key, environmentName(file.key));
    if (file.volumeName === '') found.required(`${at}.fileKeyRef.volumeName`);
    else if (!volumes.has(file.volumeName)) found.notFound(`${at}.fileKeyRef.volumeName`, file.volumeName);
    if (file.path === '') found.required(`${at}.fileKeyRef.path`);
    else found.eachInvalid(`${at}.fileKeyRef.path`, file.path, localPath(file.path));
  }
  const count = Object.keys(source).length;
  if (count === 0) found.invalid(at, '', 'one source must be given');
  else if (count > 1) found.invalid(at, '', 'only one source may be given');
  if (count > 0 && variable.value !== undefined) found.invalid(at, '', 'excludes value');
}

function validateEnvFrom(source: EnvFromSource, path: string, found: Findings): void {
  if (source.prefix !== undefined) found.eachInvalid(`${path}.prefix`, source.prefix, environmentName(source.prefix));
  let count = 0;
  for (const field of ['configMapRef', 'secretRef'] as const) {
    const ref = source[field];
    if (ref === undefined) continue;
    count++;
    if (ref.name === undefined) found.required(`${path}.${field}.name`);
    else found.eachInvalid(`${path}.${field}.name`, ref.name, dnsSubdomain(ref.name));
  }
  if (count === 0) found.invalid(path, '', 'configMapRef or secretRef must be given');
  else if (count > 1) found.invalid(path, '', 'only one of configMapRef and secretRef may be given');
}

function validateMounts(mounts: readonly VolumeMount[] | undefined, volumes: VolumeKinds, devicePaths: ReadonlySet<string>, container: Container, path: string, found: Findings): void {
  const mountPaths = new Set<string>();
  mounts?.forEach((mount, i) => {
    const at = `${path}[${i}]`;
    if (mount.name === '') found.required(`${at}.name`);
    if (!volumes.has(mount.name)) found.notFound(`${at}.name`, mount.name);
    if (mount.mountPath === '') found.required(`${at}.mountPath`);
    if (mountPaths.has(mount.mountPath)) found.invalid(`${at}.mountPath`, mount.mountPath, 'must be unique in the container');
    mountPaths.add(mount.mountPath);
    if (devicePaths.has(mount.mountPath)) found.invalid(`${at}.mountPath`, mount.mountPath, 'is a volumeDevice too');
    if (mount.subPath !== undefined) found.eachInvalid(`${at}.subPath`, mount.subPath, localPath(mount.subPath));
    if (mount.subPathExpr !== undefined) {
      if (mount.subPath !== undefined) found.invalid(`${at}.subPathExpr`, mount.subPathExpr, 'excludes subPath');
      found.eachInvalid(`${at}.subPathExpr`, mount.subPathExpr, localPath(mount.subPathExpr));
    }
    if (mount.mountPropagation !== undefined) {
      found.optionalEnum(`${path}.mountPropagation`, mount.mountPropagation, MOUNT_PROPAGATIONS);
      if (mount.mountPropagation === 'Bidirectional' && container.securityContext?.privileged !== true) found.forbidden(`${path}.mountPropagation`, 'Bidirectional is for privileged containers');
    }
    if (mount.recursiveReadOnly !== undefined) {
      found.optionalEnum(`${at}.recursiveReadOnly`, mount.recursiveReadOnly, RECURSIVE_READ_ONLY);
      if (mount.recursiveReadOnly !== 'Disabled' && mount.readOnly !== true) found.forbidden(`${at}.recursiveReadOnly`, 'needs readOnly');
    }
    if (volumes.get(mount.name) === 'image' && mount.subPath !== undefined && mount.subPath.startsWith('/')) found.invalid(`${at}.subPath`, mount.subPath);
  });
}

function validateDevices(devices: readonly VolumeDevice[] | undefined, mounts: readonly VolumeMount[] | undefined, volumes: VolumeKinds, path: string, found: Findings, paths: Set<string>): void {
  const names = new Set<string>();
  const mounted = new Set((mounts ?? []).map((mount) => mount.name));
  devices?.forEach((device, i) => {
    const at = `${path}[${i}]`;
    if (device.name === '') found.required(`${at}.name`);
    if (names.has(device.name)) found.invalid(`${at}.name`, device.name, 'must be unique in the container');
    const kind = volumes.get(device.name);
    if (kind === undefined) found.notFound(`${at}.name`, device.name);
    else if (kind !== 'persistentVolumeClaim' && kind !== 'ephemeral') found.invalid(`${at}.name`, device.name, 'must be a persistent volume claim');
    if (device.devicePath === '') found.required(`${at}.devicePath`);
    if (device.devicePath !== '' && paths.has(device.devicePath)) found.invalid(`${at}.devicePath`, device.devicePath, 'must be unique in the container');
    if (device.devicePath.split('/').includes('..')) found.invalid(`${at}.devicePath`, device.devicePath, "must not have '..'");
    else paths.add(device.devicePath);
    if (mounted.has(device.name)) found.invalid(`${at}.name`, device.name, 'is a volumeMount too');
    names.add(device.name);
  });
}
