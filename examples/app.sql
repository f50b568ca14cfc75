-- The shop's own tables. Applied after generated_example/schema.sql, whose enums
-- and job tables they use: to PostgreSQL it is all one schema.

BEGIN;

CREATE TABLE orders (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ordered_at timestamptz NOT NULL DEFAULT now(),
    email text NOT NULL,
    amount numeric(12, 2) NOT NULL CHECK (amount > 0)
);

CREATE INDEX orders_ordered_at ON orders (ordered_at);

CREATE TABLE contacts (
    email text PRIMARY KEY,
    name text NOT NULL,
    score double precision,
    source contact_source NOT NULL,
    topics contact_topic[] NOT NULL,
    consent_until date,
    import_id uuid NOT NULL REFERENCES import_contacts_jobs
);

CREATE INDEX contacts_import ON contacts (import_id);

-- What a chart shows. Committed together with the success of its job.
CREATE TABLE report_figures (
    report_id bigint NOT NULL REFERENCES render_report_jobs ON DELETE CASCADE,
    starts_at timestamptz NOT NULL,
    orders bigint NOT NULL,
    total numeric(14, 2) NOT NULL,
    PRIMARY KEY (report_id, starts_at)
);

COMMIT;
