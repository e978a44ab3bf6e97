-- The statements of ConnectHub at commit a914b14 (schema 0001), as SQLAlchemy wrote them for sqlite.

-- insert queued
INSERT INTO job_logs (job_id, job_name, status, reason, "trigger", scheduled_for, missed_from, missed_count, attempt, root_id, retry_of, "exclusive", priority, queue, requested_by, handler_path, public_cfg, timeout, job_version, dry_run, queued_at, available_at) VALUES (:job_id, :job_name, :status, :reason, :trigger, :scheduled_for, :missed_from, :missed_count, :attempt, :root_id, :retry_of, :exclusive, :priority, :queue, :requested_by, :handler_path, :public_cfg, :timeout, :job_version, :dry_run, (strftime('%Y-%m-%d %H:%M:%f', 'now') || '000'), (strftime('%Y-%m-%d %H:%M:%f', 'now') || '000')) ON CONFLICT DO NOTHING RETURNING id, queue, priority

-- next waiting
SELECT job_logs.id
FROM job_logs
WHERE job_logs.queue = :in_queue AND job_logs.status = 'queued' AND job_logs.available_at <= (strftime('%Y-%m-%d %H:%M:%f', 'now') || '000') AND (job_logs."exclusive" = 0 OR NOT (EXISTS (SELECT 1
FROM job_logs AS other
WHERE other.job_id = job_logs.job_id AND other."exclusive" = 1 AND other.status = 'running')) AND NOT (EXISTS (SELECT 1
FROM job_logs AS other
WHERE other.job_id = job_logs.job_id AND other."exclusive" = 1 AND other.status = 'queued' AND other.available_at <= (strftime('%Y-%m-%d %H:%M:%f', 'now') || '000') AND other.id < job_logs.id))) ORDER BY job_logs.priority DESC, job_logs.available_at, job_logs.id
 LIMIT :limit OFFSET :param_1

-- claim
UPDATE job_logs SET status='running', started_at=(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000'), token=:new_token, lease_until=(strftime('%Y-%m-%d %H:%M:%f', 'now', (:lease) || ' seconds') || '000'), worker=:new_worker WHERE job_logs.id = :log_id AND job_logs.status = 'queued' AND job_logs.available_at <= (strftime('%Y-%m-%d %H:%M:%f', 'now') || '000') AND (job_logs."exclusive" = 0 OR NOT (EXISTS (SELECT 1
FROM job_logs AS other
WHERE other.job_id = job_logs.job_id AND other."exclusive" = 1 AND other.status = 'running')) AND NOT (EXISTS (SELECT 1
FROM job_logs AS other
WHERE other.job_id = job_logs.job_id AND other."exclusive" = 1 AND other.status = 'queued' AND other.available_at <= (strftime('%Y-%m-%d %H:%M:%f', 'now') || '000') AND other.id < job_logs.id))) RETURNING id, job_id, job_name, handler_path, public_cfg, timeout, "trigger", scheduled_for, attempt, root_id, dry_run, token, (SELECT jobs.secret_cfg
FROM jobs
WHERE id = job_logs.job_id AND handler_path = job_logs.handler_path) AS secret_cfg

-- heartbeat
UPDATE job_logs SET lease_until=(strftime('%Y-%m-%d %H:%M:%f', 'now', (:lease) || ' seconds') || '000') WHERE job_logs.id IN (SELECT job_logs.id
FROM job_logs
WHERE job_logs.token IN (:token) AND job_logs.status = 'running' ORDER BY job_logs.id) RETURNING token, cancel_requested_at

-- finish
UPDATE job_logs SET status=:new_status, plugin_version=:new_plugin_version, finished_at=(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000'), lease_until=:lease_until, progress=:new_progress, error=:new_error, traceback=:new_traceback, fingerprint=:new_fingerprint, result=:new_result, run_log=:new_run_log WHERE job_logs.id = :log_id AND job_logs.token = :held_by AND job_logs.status = 'running' RETURNING id

-- advance
UPDATE jobs SET next_run_at=:next, schedule_error=:problem WHERE jobs.id = :job_id
