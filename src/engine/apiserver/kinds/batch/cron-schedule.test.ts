import { expect, test } from 'vitest';
import { isCronSchedule } from './cron-schedule.ts';

test.for(['*/5 * * * *', '0 0 1 jan *', '@daily', '@every 1h30m', 'TZ=Europe/Vienna 0 0 * * 1-5', '0,30 9-17 * * mon-fri'])('%s is a schedule', (text) => expect(isCronSchedule(text)).toBe(true));
test.for(['', '* * * *', '60 * * * *', '* * 0 * *', '*/0 * * * *', '@sometimes', '5-1 * * * *', '* * * * * *', 'a * * * *'])('"%s" is none', (text) => expect(isCronSchedule(text)).toBe(false));
