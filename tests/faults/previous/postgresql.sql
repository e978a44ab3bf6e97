-- The statements of ConnectHub at commit a914b14 (schema 0001), as SQLAlchemy wrote them for postgresql.

-- insert queued
INSERT INTO job_logs (job_id, job_name, status, reason, trigger, scheduled_for, missed_from, missed_count, attempt, root_id, retry_of, exclusive, priority, queue, requested_by, handler_path, public_cfg, timeout, job_version, dry_run, queued_at, available_at) VALUES (%(job_id)s::BIGINT, %(job_name)s::VARCHAR, %(status)s::VARCHAR, %(reason)s::VARCHAR, %(trigger)s::VARCHAR, %(scheduled_for)s::TIMESTAMP WITH TIME ZONE, %(missed_from)s::TIMESTAMP WITH TIME ZONE, %(missed_count)s::INTEGER, %(attempt)s::INTEGER, %(root_id)s::BIGINT, %(retry_of)s::BIGINT, %(exclusive)s, %(priority)s::INTEGER, %(queue)s::VARCHAR, %(requested_by)s::VARCHAR, %(handler_path)s::VARCHAR, %(public_cfg)s::JSON, %(timeout)s, %(job_version)s::INTEGER, %(dry_run)s, clock_timestamp(), clock_timestamp()) ON CONFLICT DO NOTHING RETURNING job_logs.id, job_logs.queue, job_logs.priority

-- next waiting
SELECT job_logs.id
FROM job_logs
WHERE job_logs.queue = %(in_queue)s::VARCHAR AND job_logs.status = 'queued' AND job_logs.available_at <= clock_timestamp() AND (NOT job_logs.exclusive OR NOT (EXISTS (SELECT 1
FROM job_logs AS other
WHERE other.job_id = job_logs.job_id AND other.exclusive AND other.status = 'running')) AND NOT (EXISTS (SELECT 1
FROM job_logs AS other
WHERE other.job_id = job_logs.job_id AND other.exclusive AND other.status = 'queued' AND other.available_at <= clock_timestamp() AND other.id < job_logs.id))) ORDER BY job_logs.priority DESC, job_logs.available_at, job_logs.id
 LIMIT %(limit)s

-- claim
UPDATE job_logs SET status='running', started_at=clock_timestamp(), token=%(new_token)s::VARCHAR, lease_until=(clock_timestamp() + make_interval(secs => %(lease)s)), worker=%(new_worker)s::VARCHAR WHERE job_logs.id = %(log_id)s::BIGINT AND job_logs.status = 'queued' AND job_logs.available_at <= clock_timestamp() AND (NOT job_logs.exclusive OR NOT (EXISTS (SELECT 1
FROM job_logs AS other
WHERE other.job_id = job_logs.job_id AND other.exclusive AND other.status = 'running')) AND NOT (EXISTS (SELECT 1
FROM job_logs AS other
WHERE other.job_id = job_logs.job_id AND other.exclusive AND other.status = 'queued' AND other.available_at <= clock_timestamp() AND other.id < job_logs.id))) RETURNING job_logs.id, job_logs.job_id, job_logs.job_name, job_logs.handler_path, job_logs.public_cfg, job_logs.timeout, job_logs.trigger, job_logs.scheduled_for, job_logs.attempt, job_logs.root_id, job_logs.dry_run, job_logs.token, (SELECT jobs.secret_cfg
FROM jobs
WHERE jobs.id = job_logs.job_id AND jobs.handler_path = job_logs.handler_path) AS secret_cfg

-- heartbeat
UPDATE job_logs SET lease_until=(clock_timestamp() + make_interval(secs => %(lease)s)) WHERE job_logs.id IN (SELECT job_logs.id
FROM job_logs
WHERE job_logs.token IN (%(token)s) AND job_logs.status = 'running' ORDER BY job_logs.id FOR NO KEY UPDATE) RETURNING job_logs.token, job_logs.cancel_requested_at

-- finish
UPDATE job_logs SET status=%(new_status)s::VARCHAR, plugin_version=%(new_plugin_version)s::VARCHAR, finished_at=clock_timestamp(), lease_until=%(lease_until)s::TIMESTAMP WITH TIME ZONE, progress=%(new_progress)s::JSON, error=%(new_error)s::VARCHAR, traceback=%(new_traceback)s::VARCHAR, fingerprint=%(new_fingerprint)s::VARCHAR, result=%(new_result)s::VARCHAR, run_log=%(new_run_log)s::VARCHAR WHERE job_logs.id = %(log_id)s::BIGINT AND job_logs.token = %(held_by)s::VARCHAR AND job_logs.status = 'running' RETURNING job_logs.id

-- advance
UPDATE jobs SET next_run_at=%(next)s::TIMESTAMP WITH TIME ZONE, schedule_error=%(problem)s::VARCHAR WHERE jobs.id = %(job_id)s::BIGINT
