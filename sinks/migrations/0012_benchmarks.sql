-- What DORA's reports published about the software delivery of those they asked: facts out
-- of the reports (https://dora.dev/publications/), as rows with their origin. There is none
-- for 2020, when no survey was held. The levels are clusters that were found in survey
-- answers: descriptions, not cut-offs, and in some years neither gapless nor monotone. They
-- are kept as published and mended nowhere. A month is 30.4375 days, half a year 182.625.

-- lower, upper: NULL without end; included: whether the bound itself belongs to the level.
CREATE TABLE dorad.benchmark (
	report_year int NOT NULL,
	metric text NOT NULL,
	level text NOT NULL CHECK (level IN ('elite', 'high', 'medium', 'low')),
	respondents double precision NOT NULL,
	lower double precision,
	upper double precision,
	lower_included boolean NOT NULL,
	upper_included boolean NOT NULL,
	unit text NOT NULL,
	words text NOT NULL,
	note text,
	PRIMARY KEY (report_year, metric, level)
);

INSERT INTO dorad.benchmark (report_year, metric, level, respondents, lower, upper,
	lower_included, upper_included, unit, words, note) VALUES
	(2019, 'deployment_frequency', 'elite', 0.2, 7, NULL, false, false,
		'deployments per week', 'On-demand (multiple deploys per day)', NULL),
	(2019, 'deployment_frequency', 'high', 0.23, 1, 7, true, true,
		'deployments per week', 'Between once per day and once per week', NULL),
	(2019, 'deployment_frequency', 'medium', 0.44, 7 / 30.4375, 1, true, true,
		'deployments per week', 'Between once per week and once per month', NULL),
	(2019, 'deployment_frequency', 'low', 0.12, 7 / 182.625, 7 / 30.4375, true, true,
		'deployments per week', 'Between once per month and once every six months', NULL),
	(2019, 'change_lead_time', 'elite', 0.2, 0, 86400, true, false,
		'seconds', 'Less than one day', NULL),
	(2019, 'change_lead_time', 'high', 0.23, 86400, 604800, true, true,
		'seconds', 'Between one day and one week', NULL),
	(2019, 'change_lead_time', 'medium', 0.44, 604800, 2629800, true, true,
		'seconds', 'Between one week and one month', NULL),
	(2019, 'change_lead_time', 'low', 0.12, 2629800, 15778800, true, true,
		'seconds', 'Between one month and six months', NULL),
	(2019, 'change_fail_rate', 'elite', 0.2, 0, 0.15, true, true,
		'ratio', '0%-15%', 'As published: elite, high and medium are alike here.'),
	(2019, 'change_fail_rate', 'high', 0.23, 0, 0.15, true, true,
		'ratio', '0%-15%', 'As published: elite, high and medium are alike here.'),
	(2019, 'change_fail_rate', 'medium', 0.44, 0, 0.15, true, true,
		'ratio', '0%-15%', 'As published: elite, high and medium are alike here.'),
	(2019, 'change_fail_rate', 'low', 0.12, 0.46, 0.6, true, true,
		'ratio', '46%-60%', 'As published: nothing between it and the next better level.'),
	(2019, 'time_to_restore', 'elite', 0.2, 0, 3600, true, false,
		'seconds', 'Less than one hour', NULL),
	(2019, 'time_to_restore', 'high', 0.23, 0, 86400, true, false,
		'seconds', 'Less than one day', 'As published: high and medium are alike here.'),
	(2019, 'time_to_restore', 'medium', 0.44, 0, 86400, true, false,
		'seconds', 'Less than one day', 'As published: high and medium are alike here.'),
	(2019, 'time_to_restore', 'low', 0.12, 604800, 2629800, true, true,
		'seconds', 'Between one week and one month', NULL),
	(2021, 'deployment_frequency', 'elite', 0.26, 7, NULL, false, false,
		'deployments per week', 'On-demand (multiple deploys per day)', 'As published: nothing between on demand and once per week.'),
	(2021, 'deployment_frequency', 'high', 0.4, 7 / 30.4375, 1, true, true,
		'deployments per week', 'Between once per week and once per month', 'As published: nothing between on demand and once per week.'),
	(2021, 'deployment_frequency', 'medium', 0.28, 7 / 182.625, 7 / 30.4375, true, true,
		'deployments per week', 'Between once per month and once every 6 months', NULL),
	(2021, 'deployment_frequency', 'low', 0.07, 0, 7 / 182.625, true, false,
		'deployments per week', 'Fewer than once per six months', NULL),
	(2021, 'change_lead_time', 'elite', 0.26, 0, 3600, true, false,
		'seconds', 'Less than one hour', 'As published: nothing between one hour and one day.'),
	(2021, 'change_lead_time', 'high', 0.4, 86400, 604800, true, true,
		'seconds', 'Between one day and one week', 'As published: nothing between one hour and one day. As published: nothing between one week and one month.'),
	(2021, 'change_lead_time', 'medium', 0.28, 2629800, 15778800, true, true,
		'seconds', 'Between one month and six months', 'As published: nothing between one week and one month.'),
	(2021, 'change_lead_time', 'low', 0.07, 15778800, NULL, false, false,
		'seconds', 'More than six months', NULL),
	(2021, 'change_fail_rate', 'elite', 0.26, 0, 0.15, true, true,
		'ratio', '0%-15%', NULL),
	(2021, 'change_fail_rate', 'high', 0.4, 0.16, 0.3, true, true,
		'ratio', '16%-30%', 'As published: high, medium and low are alike here.'),
	(2021, 'change_fail_rate', 'medium', 0.28, 0.16, 0.3, true, true,
		'ratio', '16%-30%', 'As published: high, medium and low are alike here.'),
	(2021, 'change_fail_rate', 'low', 0.07, 0.16, 0.3, true, true,
		'ratio', '16%-30%', 'As published: high, medium and low are alike here.'),
	(2021, 'time_to_restore', 'elite', 0.26, 0, 3600, true, false,
		'seconds', 'Less than one hour', NULL),
	(2021, 'time_to_restore', 'high', 0.4, 0, 86400, true, false,
		'seconds', 'Less than one day', NULL),
	(2021, 'time_to_restore', 'medium', 0.28, 86400, 604800, true, true,
		'seconds', 'Between one day and one week', 'As published: nothing between one week and six months.'),
	(2021, 'time_to_restore', 'low', 0.07, 15778800, NULL, false, false,
		'seconds', 'More than six months', 'As published: nothing between one week and six months.'),
	(2022, 'deployment_frequency', 'high', 0.11, 7, NULL, false, false,
		'deployments per week', 'On-demand (multiple deploys per day)', 'As published: nothing between on demand and once per week.'),
	(2022, 'deployment_frequency', 'medium', 0.69, 7 / 30.4375, 1, true, true,
		'deployments per week', 'Between once per week and once per month', 'As published: nothing between on demand and once per week.'),
	(2022, 'deployment_frequency', 'low', 0.19, 7 / 182.625, 7 / 30.4375, true, true,
		'deployments per week', 'Between once per month and once every 6 months', NULL),
	(2022, 'change_lead_time', 'high', 0.11, 86400, 604800, true, true,
		'seconds', 'Between one day and one week', 'As published: nothing under one day.'),
	(2022, 'change_lead_time', 'medium', 0.69, 604800, 2629800, true, true,
		'seconds', 'Between one week and one month', NULL),
	(2022, 'change_lead_time', 'low', 0.19, 2629800, 15778800, true, true,
		'seconds', 'Between one month and six months', NULL),
	(2022, 'change_fail_rate', 'high', 0.11, 0, 0.15, true, true,
		'ratio', '0%-15%', NULL),
	(2022, 'change_fail_rate', 'medium', 0.69, 0.16, 0.3, true, true,
		'ratio', '16%-30%', NULL),
	(2022, 'change_fail_rate', 'low', 0.19, 0.46, 0.6, true, true,
		'ratio', '46%-60%', 'As published: nothing between it and the next better level.'),
	(2022, 'time_to_restore', 'high', 0.11, 0, 86400, true, false,
		'seconds', 'Less than one day', NULL),
	(2022, 'time_to_restore', 'medium', 0.69, 86400, 604800, true, true,
		'seconds', 'Between one day and one week', NULL),
	(2022, 'time_to_restore', 'low', 0.19, 604800, 2629800, true, true,
		'seconds', 'Between one week and one month', NULL),
	(2023, 'deployment_frequency', 'elite', 0.18, 7, NULL, false, false,
		'deployments per week', 'On-demand (multiple deploys per day)', NULL),
	(2023, 'deployment_frequency', 'high', 0.31, 1, 7, true, true,
		'deployments per week', 'Between once per day and once per week', NULL),
	(2023, 'deployment_frequency', 'medium', 0.33, 7 / 30.4375, 1, true, true,
		'deployments per week', 'Between once per week and once per month', 'As published: medium and low are alike here.'),
	(2023, 'deployment_frequency', 'low', 0.17, 7 / 30.4375, 1, true, true,
		'deployments per week', 'Between once per week and once per month', 'As published: medium and low are alike here.'),
	(2023, 'change_lead_time', 'elite', 0.18, 0, 86400, true, false,
		'seconds', 'Less than one day', NULL),
	(2023, 'change_lead_time', 'high', 0.31, 86400, 604800, true, true,
		'seconds', 'Between one day and one week', NULL),
	(2023, 'change_lead_time', 'medium', 0.33, 604800, 2629800, true, true,
		'seconds', 'Between one week and one month', 'As published: medium and low are alike here.'),
	(2023, 'change_lead_time', 'low', 0.17, 604800, 2629800, true, true,
		'seconds', 'Between one week and one month', 'As published: medium and low are alike here.'),
	(2023, 'change_fail_rate', 'elite', 0.18, 0.05, 0.05, true, true,
		'ratio', '5%', 'One figure for the cluster, no range.'),
	(2023, 'change_fail_rate', 'high', 0.31, 0.1, 0.1, true, true,
		'ratio', '10%', 'One figure for the cluster, no range.'),
	(2023, 'change_fail_rate', 'medium', 0.33, 0.15, 0.15, true, true,
		'ratio', '15%', 'One figure for the cluster, no range.'),
	(2023, 'change_fail_rate', 'low', 0.17, 0.64, 0.64, true, true,
		'ratio', '64%', 'One figure for the cluster, no range.'),
	(2023, 'failed_deployment_recovery_time', 'elite', 0.18, 0, 3600, true, false,
		'seconds', 'Less than one hour', NULL),
	(2023, 'failed_deployment_recovery_time', 'high', 0.31, 0, 86400, true, false,
		'seconds', 'Less than one day', NULL),
	(2023, 'failed_deployment_recovery_time', 'medium', 0.33, 86400, 604800, true, true,
		'seconds', 'Between one day and one week', NULL),
	(2023, 'failed_deployment_recovery_time', 'low', 0.17, 2629800, 15778800, true, true,
		'seconds', 'Between one month and six months', NULL),
	(2024, 'deployment_frequency', 'elite', 0.19, 7, NULL, false, false,
		'deployments per week', 'On-demand (multiple deploys per day)', NULL),
	(2024, 'deployment_frequency', 'high', 0.22, 1, 7, true, true,
		'deployments per week', 'Between once per day and once per week', NULL),
	(2024, 'deployment_frequency', 'medium', 0.35, 7 / 30.4375, 1, true, true,
		'deployments per week', 'Between once per week and once per month', NULL),
	(2024, 'deployment_frequency', 'low', 0.25, 7 / 182.625, 7 / 30.4375, true, true,
		'deployments per week', 'Between once per month and once every six months', NULL),
	(2024, 'change_lead_time', 'elite', 0.19, 0, 86400, true, false,
		'seconds', 'Less than one day', NULL),
	(2024, 'change_lead_time', 'high', 0.22, 86400, 604800, true, true,
		'seconds', 'Between one day and one week', NULL),
	(2024, 'change_lead_time', 'medium', 0.35, 604800, 2629800, true, true,
		'seconds', 'Between one week and one month', NULL),
	(2024, 'change_lead_time', 'low', 0.25, 2629800, 15778800, true, true,
		'seconds', 'Between one month and six months', NULL),
	(2024, 'change_fail_rate', 'elite', 0.19, 0.05, 0.05, true, true,
		'ratio', '5%', 'One figure for the cluster, no range.'),
	(2024, 'change_fail_rate', 'high', 0.22, 0.2, 0.2, true, true,
		'ratio', '20%', 'One figure for the cluster, no range. Not monotone, as published: the high cluster fails more often (20%) than the medium one (10%).'),
	(2024, 'change_fail_rate', 'medium', 0.35, 0.1, 0.1, true, true,
		'ratio', '10%', 'One figure for the cluster, no range. Not monotone, as published: the high cluster fails more often (20%) than the medium one (10%).'),
	(2024, 'change_fail_rate', 'low', 0.25, 0.4, 0.4, true, true,
		'ratio', '40%', 'One figure for the cluster, no range.'),
	(2024, 'failed_deployment_recovery_time', 'elite', 0.19, 0, 3600, true, false,
		'seconds', 'Less than one hour', NULL),
	(2024, 'failed_deployment_recovery_time', 'high', 0.22, 0, 86400, true, false,
		'seconds', 'Less than one day', 'As published: high and medium are alike here.'),
	(2024, 'failed_deployment_recovery_time', 'medium', 0.35, 0, 86400, true, false,
		'seconds', 'Less than one day', 'As published: high and medium are alike here.'),
	(2024, 'failed_deployment_recovery_time', 'low', 0.25, 604800, 2629800, true, true,
		'seconds', 'Between one week and one month', NULL);

CREATE TABLE dorad.benchmark_report (
	report_year int PRIMARY KEY,
	title text NOT NULL,
	url text NOT NULL
);

INSERT INTO dorad.benchmark_report (report_year, title, url) VALUES
	(2019, 'Accelerate State of DevOps 2019', 'https://dora.dev/research/2019/dora-report/'),
	(2021, 'Accelerate State of DevOps 2021', 'https://dora.dev/research/2021/dora-report/'),
	(2022, 'Accelerate State of DevOps 2022', 'https://dora.dev/research/2022/dora-report/'),
	(2023, 'Accelerate State of DevOps 2023', 'https://dora.dev/research/2023/dora-report/'),
	(2024, 'Accelerate State of DevOps 2024', 'https://dora.dev/research/2024/dora-report/'),
	(2025, 'DORA Quick Check, edition of 2025', 'https://dora.dev/quickcheck/');

-- 2025: no levels any more, but distributions over all industries on a scale of 0 (worst) to
-- 10 (best). From the data of the Quick Check at dora.dev, licensed CC-BY-4.0 by the DORA
-- team. Percentages are turned round there (0 % is 10); here is what was asked, and the
-- score that follows from it.
CREATE TABLE dorad.benchmark_distribution (
	report_year int NOT NULL,
	metric text NOT NULL,
	score_mean double precision NOT NULL,
	score_sd double precision NOT NULL,
	asked_mean double precision,
	asked_sd double precision,
	asked_unit text,
	PRIMARY KEY (report_year, metric)
);

INSERT INTO dorad.benchmark_distribution (report_year, metric, score_mean, score_sd,
	asked_mean, asked_sd, asked_unit) VALUES
	(2025, 'change_lead_time', 5.5, 2.4, NULL, NULL, NULL),
	(2025, 'deployment_frequency', 4.8, 2.8, NULL, NULL, NULL),
	(2025, 'failed_deployment_recovery_time', 7.4, 2.1, NULL, NULL, NULL),
	(2025, 'change_fail_rate', 8.1, 2.1, 0.19, 0.21, 'ratio'),
	(2025, 'deployment_rework_rate', 7.8, 2.2, 0.22, 0.22, 'ratio'),
	(2025, 'throughput', 6.0, 2.1, NULL, NULL, NULL),
	(2025, 'stability', 7.9, 2.0, NULL, NULL, NULL);

-- The answers that one could choose, and their scores: 1 to 6 become 0 to 10.
CREATE TABLE dorad.benchmark_answer (
	report_year int NOT NULL,
	metric text NOT NULL,
	score double precision NOT NULL,
	lower double precision,
	upper double precision,
	unit text NOT NULL,
	words text NOT NULL,
	PRIMARY KEY (report_year, metric, score)
);

INSERT INTO dorad.benchmark_answer (report_year, metric, score, lower, upper, unit, words)
SELECT 2025, metric, score, lower, upper, 'seconds', words FROM (VALUES
	(0, 15778800, NULL, 'More than six months'),
	(2, 2629800, 15778800, 'Between one month and six months'),
	(4, 604800, 2629800, 'Between one week and one month'),
	(6, 86400, 604800, 'Between one day and one week'),
	(8, 3600, 86400, 'Less than one day'),
	(10, 0, 3600, 'Less than one hour')) answers (score, lower, upper, words)
CROSS JOIN (VALUES ('change_lead_time'), ('failed_deployment_recovery_time'))
	metrics (metric)
UNION ALL
SELECT 2025, 'deployment_frequency', score, lower, upper, 'deployments per week', words
FROM (VALUES
	(0, 0, 7 / 182.625, 'Fewer than once per six months'),
	(2, 7 / 182.625, 7 / 30.4375, 'Between once per month and once every six months'),
	(4, 7 / 30.4375, 1, 'Between once per week and once per month'),
	(6, 1, 7, 'Between once per day and once per week'),
	(8, 7, 168, 'Between once per hour and once per day'),
	(10, 7, NULL, 'On demand (multiple deploys per day)')) answers
	(score, lower, upper, words);

CREATE VIEW dora.benchmarks AS
	SELECT b.report_year, b.metric, b.level, b.lower, b.upper, b.lower_included,
		b.upper_included, b.unit, b.words, b.respondents,
		r.title AS source, r.url AS source_url, b.note
	FROM dorad.benchmark b JOIN dorad.benchmark_report r USING (report_year);

COMMENT ON VIEW dora.benchmarks IS 'What DORA''s reports published, as they published it: the levels of each report year and metric. The levels are clusters of survey answers, not cut-offs: in some years they leave gaps, overlap, or are not monotone, which note says and nothing mends. There was no survey in 2020; since 2025 there are no levels, see dora.benchmark_distributions.';
COMMENT ON COLUMN dora.benchmarks.report_year IS 'Year of the report: 2019, 2021, 2022, 2023 or 2024.';
COMMENT ON COLUMN dora.benchmarks.metric IS 'Metric as in dora.current. Until 2022 the reports asked how long it takes to restore service (time_to_restore), since 2023 after a failed deployment (failed_deployment_recovery_time).';
COMMENT ON COLUMN dora.benchmarks.level IS 'elite, high, medium or low; 2022 had no elite.';
COMMENT ON COLUMN dora.benchmarks.lower IS 'Lower bound in unit; NULL: none.';
COMMENT ON COLUMN dora.benchmarks.upper IS 'Upper bound in unit; NULL: none. The same as lower where one figure was published for the cluster.';
COMMENT ON COLUMN dora.benchmarks.lower_included IS 'True if the lower bound itself belongs to the level.';
COMMENT ON COLUMN dora.benchmarks.upper_included IS 'True if the upper bound itself belongs to the level.';
COMMENT ON COLUMN dora.benchmarks.unit IS 'Unit of lower and upper: seconds, ratio (0 to 1) or deployments per week. A month is 30.4375 days. "On demand (multiple deploys per day)" is more than 7 deployments a week, for it is more than one a day; it says nothing of on how many days, which deployment_days_per_week in dora.placement does.';
COMMENT ON COLUMN dora.benchmarks.words IS 'The published words.';
COMMENT ON COLUMN dora.benchmarks.respondents IS 'Share of the respondents in the cluster, 0 to 1; with rounding, those of a year need not be 1 together.';
COMMENT ON COLUMN dora.benchmarks.source IS 'Report it is from.';
COMMENT ON COLUMN dora.benchmarks.source_url IS 'Where the report is.';
COMMENT ON COLUMN dora.benchmarks.note IS 'What is odd about it as published; NULL: nothing.';

CREATE VIEW dora.benchmark_distributions AS
	SELECT d.report_year, d.metric, d.score_mean, d.score_sd, d.asked_mean, d.asked_sd,
		d.asked_unit, r.title AS source, r.url AS source_url,
		'CC-BY-4.0, DORA team' AS licence
	FROM dorad.benchmark_distribution d JOIN dorad.benchmark_report r USING (report_year);

COMMENT ON VIEW dora.benchmark_distributions IS 'How the answers of 2025 are distributed over all industries, on a scale of 0 (worst) to 10 (best). There are no levels since then. Scores are of survey answers (dora.benchmark_answers); a measured number has none.';
COMMENT ON COLUMN dora.benchmark_distributions.report_year IS 'Year of the edition.';
COMMENT ON COLUMN dora.benchmark_distributions.metric IS 'Metric as in dora.current, or throughput (lead time, frequency and recovery) or stability (fail rate and rework rate; published the other way round, as instability of 10 less this).';
COMMENT ON COLUMN dora.benchmark_distributions.score_mean IS 'Arithmetic mean of the scores, 0 to 10.';
COMMENT ON COLUMN dora.benchmark_distributions.score_sd IS 'Standard deviation of the scores.';
COMMENT ON COLUMN dora.benchmark_distributions.asked_mean IS 'Mean of the answers in asked_unit, where a percentage was asked for; NULL where an answer was chosen.';
COMMENT ON COLUMN dora.benchmark_distributions.asked_sd IS 'Standard deviation of the answers in asked_unit; NULL likewise.';
COMMENT ON COLUMN dora.benchmark_distributions.asked_unit IS 'ratio (0 to 1); NULL likewise.';
COMMENT ON COLUMN dora.benchmark_distributions.source IS 'What it is from.';
COMMENT ON COLUMN dora.benchmark_distributions.source_url IS 'Where that is.';
COMMENT ON COLUMN dora.benchmark_distributions.licence IS 'Licence of the data, and whom to name.';

CREATE VIEW dora.benchmark_answers AS
	SELECT report_year, metric, score, lower, upper, unit, words
	FROM dorad.benchmark_answer;

COMMENT ON VIEW dora.benchmark_answers IS 'The answers that the survey of 2025 let people choose from, and the score of each: what scores in dora.benchmark_distributions are means of.';
COMMENT ON COLUMN dora.benchmark_answers.report_year IS 'Year of the edition.';
COMMENT ON COLUMN dora.benchmark_answers.metric IS 'Metric as in dora.current. Fail rate and rework rate were asked for as percentages: the score is 10 less a tenth of the percentage.';
COMMENT ON COLUMN dora.benchmark_answers.score IS 'Score of the answer, 0 (worst) to 10 (best).';
COMMENT ON COLUMN dora.benchmark_answers.lower IS 'Lower bound of what the answer means, in unit.';
COMMENT ON COLUMN dora.benchmark_answers.upper IS 'Upper bound of what the answer means, in unit; NULL: none. The two fastest answers about frequency overlap, as asked.';
COMMENT ON COLUMN dora.benchmark_answers.unit IS 'seconds or deployments per week.';
COMMENT ON COLUMN dora.benchmark_answers.words IS 'The words of the answer.';
