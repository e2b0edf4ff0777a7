import { resource } from '../kubernetes/resource.ts';
import type { Application } from './application/application.ts';
import type { Build } from './build/build.ts';
import type { Delivery } from './delivery/delivery.ts';
import { GROUP, VERSION } from './group.ts';
import type { RecordRepository } from './record-repository/record-repository.ts';
import type { HealthPolicy } from './health-policy/health-policy.ts';
import type { Notification } from './notification/notification.ts';
import type { NotificationChannel } from './notification-channel/notification-channel.ts';
import type { Release } from './release/release.ts';
import type { ReleasePolicy } from './release-policy/release-policy.ts';
import type { Router } from './router/router.ts';
import type { Silence } from './silence/silence.ts';
import type { Source } from './source/source.ts';

export const Applications = resource<Application>(GROUP, VERSION, 'applications', 'Application');
export const Builds = resource<Build>(GROUP, VERSION, 'builds', 'Build');
export const Releases = resource<Release>(GROUP, VERSION, 'releases', 'Release');
export const Deliveries = resource<Delivery>(GROUP, VERSION, 'deliveries', 'Delivery');
export const Routers = resource<Router>(GROUP, VERSION, 'routers', 'Router');
export const RecordRepositories = resource<RecordRepository>(GROUP, VERSION, 'recordrepositories', 'RecordRepository', false);

/** Kinds whose objects name images that may be wanted again. */
export const kindsThatNameImages = [Applications, Builds, Releases, Deliveries] as const;
export const ReleasePolicies = resource<ReleasePolicy>(GROUP, VERSION, 'releasepolicies', 'ReleasePolicy', false);
export const HealthPolicies = resource<HealthPolicy>(GROUP, VERSION, 'healthpolicies', 'HealthPolicy');
export const NotificationChannels = resource<NotificationChannel>(GROUP, VERSION, 'notificationchannels', 'NotificationChannel');
export const Notifications = resource<Notification>(GROUP, VERSION, 'notifications', 'Notification');
export const Silences = resource<Silence>(GROUP, VERSION, 'silences', 'Silence');
export const Sources = resource<Source>(GROUP, VERSION, 'sources', 'Source');
