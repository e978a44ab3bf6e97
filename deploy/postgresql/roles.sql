-- Three accounts of least privilege for the database of ConnectHub; docs/operations.md says how to use them.
--
--   connecthub_migrate   owns the tables: `connecthub db upgrade` and `connecthub restore`
--   connecthub_run       scheduler, worker, control center, every other command; with DB_MIGRATE=off
--   connecthub_read      for reports: reads everything but secrets
--
-- Run it as an administrator of the server, in that database, before `connecthub db upgrade` and again after each:
--
--   psql -d connecthub -f roles.sql
--
-- It may be run at any time. It sets no password; give each account its own, once: \password connecthub_run

\set ON_ERROR_STOP on
\set QUIET on
BEGIN;

SELECT format('CREATE ROLE %I LOGIN', name)
FROM unnest(ARRAY['connecthub_migrate', 'connecthub_run', 'connecthub_read']) AS name
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \gexec

-- The database is theirs alone, and only who migrates may make anything in it.
REVOKE ALL ON DATABASE :"DBNAME" FROM PUBLIC;
REVOKE ALL ON SCHEMA public FROM PUBLIC, connecthub_run, connecthub_read;
GRANT CONNECT ON DATABASE :"DBNAME" TO connecthub_migrate, connecthub_run, connecthub_read;
GRANT USAGE, CREATE ON SCHEMA public TO connecthub_migrate;
GRANT USAGE ON SCHEMA public TO connecthub_run, connecthub_read;

ALTER ROLE connecthub_migrate IN DATABASE :"DBNAME" SET search_path = public;
ALTER ROLE connecthub_run IN DATABASE :"DBNAME" SET search_path = public;
ALTER ROLE connecthub_read IN DATABASE :"DBNAME" SET search_path = public;

-- No statement of ours takes a minute, and none of ours waits inside a transaction.
ALTER ROLE connecthub_run IN DATABASE :"DBNAME" SET statement_timeout = '60s';
ALTER ROLE connecthub_run IN DATABASE :"DBNAME" SET idle_in_transaction_session_timeout = '60s';
ALTER ROLE connecthub_read IN DATABASE :"DBNAME" SET statement_timeout = '60s';
ALTER ROLE connecthub_read IN DATABASE :"DBNAME" SET idle_in_transaction_session_timeout = '60s';
ALTER ROLE connecthub_read IN DATABASE :"DBNAME" SET default_transaction_read_only = on;

SELECT to_regclass('public.connecthub_version') IS NOT NULL AS there \gset
\if :there

-- Tables that another account has made so far; their sequences go with them.
SELECT format('ALTER TABLE public.%I OWNER TO connecthub_migrate', relname)
FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relowner <> 'connecthub_migrate'::regrole
    AND relname IN (
        'acknowledgements', 'alert_channels', 'alert_deliveries', 'alert_outbox', 'audit', 'connecthub_version',
        'http_calls', 'installation', 'job_log_chunks', 'job_logs', 'job_revisions', 'jobs', 'operator_keys',
        'operators', 'turns', 'workers'
    ) \gexec

REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC, connecthub_run, connecthub_read;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM PUBLIC, connecthub_run, connecthub_read;

-- What is not listed is not needed. Nobody but the owner changes or deletes an act in the audit trail.
GRANT SELECT ON connecthub_version TO connecthub_run;
GRANT SELECT, UPDATE ON installation TO connecthub_run;
GRANT SELECT, INSERT, UPDATE, DELETE ON jobs TO connecthub_run;
GRANT SELECT, INSERT ON job_revisions TO connecthub_run;
GRANT SELECT, INSERT, UPDATE, DELETE ON job_logs TO connecthub_run;
GRANT SELECT, INSERT ON job_log_chunks TO connecthub_run;
GRANT SELECT, INSERT ON http_calls TO connecthub_run;
GRANT SELECT, INSERT, UPDATE, DELETE ON workers TO connecthub_run;
GRANT SELECT, INSERT ON audit TO connecthub_run;
GRANT SELECT, INSERT, DELETE ON acknowledgements TO connecthub_run;
GRANT SELECT, INSERT, UPDATE, DELETE ON alert_outbox TO connecthub_run;
GRANT SELECT, INSERT, UPDATE, DELETE ON alert_channels TO connecthub_run;
GRANT SELECT, INSERT, UPDATE ON alert_deliveries TO connecthub_run;
GRANT SELECT, INSERT, UPDATE, DELETE ON operators TO connecthub_run;
GRANT SELECT, INSERT, DELETE ON operator_keys TO connecthub_run;
GRANT SELECT, INSERT, UPDATE, DELETE ON turns TO connecthub_run;

SELECT format('GRANT USAGE, SELECT ON SEQUENCE public.%I TO connecthub_run', sequence.relname)
FROM pg_class AS sequence
JOIN pg_depend ON pg_depend.objid = sequence.oid AND pg_depend.deptype IN ('a', 'i')
JOIN pg_class AS owned ON owned.oid = pg_depend.refobjid AND owned.relowner = 'connecthub_migrate'::regrole
WHERE sequence.relkind = 'S' AND sequence.relnamespace = 'public'::regnamespace \gexec

-- Reports: of jobs all but secret_cfg, of alert channels all but sealed_url.
GRANT SELECT ON connecthub_version, installation, job_revisions, job_logs, job_log_chunks, http_calls, workers, audit,
    acknowledgements, alert_outbox, alert_deliveries, operators, operator_keys, turns TO connecthub_read;
GRANT SELECT (
    id, name, handler_path, cron_expr, timezone, public_cfg, tags, enabled, timeout, max_retries, overlap, queue_limit,
    catch_up, priority, queue, next_run_at, schedule_error, version, created_at, updated_at, retry_delay, retry_backoff,
    keep_last, alert_policy, old_id
) ON jobs TO connecthub_read;
GRANT SELECT (id, name, service, created_at, last_sent_at, last_error, last_error_at) ON alert_channels TO connecthub_read;

\echo the three accounts have their rights on the tables
\else
\echo there are no tables yet: run "connecthub db upgrade" as connecthub_migrate, then this file again
\endif

COMMIT;
