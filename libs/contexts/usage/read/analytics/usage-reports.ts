import { activePeopleReport, conversationsDailyReport, peopleDailyReport, peopleReport, retentionReport } from './people.reports.js';
import { firstTokensDailyReport, latenciesDailyReport, providersPerformanceReport } from './providers.reports.js';
import { errorsDailyReport, repliesReport, usageDailyByAgentReport, usageDailyReport, usageHourlyReport } from './usage.reports.js';

/** All that analysts read: the views of schema `analytics`. */
export const usageReports = [
  repliesReport,
  usageDailyReport,
  usageDailyByAgentReport,
  usageHourlyReport,
  providersPerformanceReport,
  latenciesDailyReport,
  firstTokensDailyReport,
  errorsDailyReport,
  conversationsDailyReport,
  peopleDailyReport,
  activePeopleReport,
  peopleReport,
  retentionReport,
];
