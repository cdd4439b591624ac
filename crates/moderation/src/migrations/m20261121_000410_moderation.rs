//! Reports, who works on them, enforcements, appeals.

use platform::db::create;
use sea_orm_migration::prelude::*;

/// See the module.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create(
            manager,
            "CREATE TABLE reports (
                id BIGINT PRIMARY KEY,
                reporter_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
                target_type TEXT NOT NULL,
                target_id BIGINT NOT NULL,
                subject_id BIGINT REFERENCES users (id) ON DELETE SET NULL,
                reason TEXT NOT NULL,
                status TEXT NOT NULL,
                notes TEXT NOT NULL,
                is_automatic BOOLEAN NOT NULL,
                snapshot TEXT NOT NULL,
                created_at TIMESTAMPTZ NOT NULL,
                updated_at TIMESTAMPTZ NOT NULL
            );
            CREATE INDEX reports_reporter ON reports (reporter_id, created_at, id);
            CREATE INDEX reports_newest ON reports (created_at, id);
            CREATE INDEX reports_status ON reports (status, created_at, id);
            CREATE INDEX reports_target_type ON reports (target_type, created_at, id);
            CREATE INDEX reports_target ON reports (target_type, target_id, created_at);
            CREATE INDEX reports_subject ON reports (subject_id);
            CREATE INDEX reports_waiting ON reports (target_type, target_id, id)
                WHERE status IN ('open', 'in_review');
            CREATE UNIQUE INDEX reports_automatic_unique ON reports (reporter_id, target_type, target_id)
                WHERE is_automatic;
            CREATE TABLE report_assignments (
                target_type TEXT NOT NULL,
                target_id BIGINT NOT NULL,
                assigned_to BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
                assigned_at TIMESTAMPTZ NOT NULL,
                PRIMARY KEY (target_type, target_id)
            );
            CREATE INDEX report_assignments_assigned_to ON report_assignments (assigned_to);
            CREATE TABLE enforcements (
                id BIGINT PRIMARY KEY,
                target_type TEXT NOT NULL,
                target_id BIGINT NOT NULL,
                user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
                action TEXT NOT NULL,
                reason TEXT NOT NULL,
                expires_at TIMESTAMPTZ,
                report_id BIGINT REFERENCES reports (id) ON DELETE SET NULL,
                enforced_by BIGINT REFERENCES users (id) ON DELETE SET NULL,
                lifted_at TIMESTAMPTZ,
                lifted_by BIGINT REFERENCES users (id) ON DELETE SET NULL,
                created_at TIMESTAMPTZ NOT NULL
            );
            CREATE INDEX enforcements_newest ON enforcements (created_at, id);
            CREATE INDEX enforcements_user ON enforcements (user_id, created_at, id);
            CREATE INDEX enforcements_target ON enforcements (target_type, target_id);
            CREATE INDEX enforcements_report ON enforcements (report_id);
            CREATE INDEX enforcements_enforced_by ON enforcements (enforced_by);
            CREATE INDEX enforcements_lifted_by ON enforcements (lifted_by);
            CREATE UNIQUE INDEX enforcements_target_id_unique ON enforcements (target_type, target_id)
                WHERE action = 'remove' AND lifted_at IS NULL;
            CREATE TABLE appeals (
                id BIGINT PRIMARY KEY,
                enforcement_id BIGINT NOT NULL REFERENCES enforcements (id) ON DELETE CASCADE,
                user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
                text TEXT NOT NULL,
                status TEXT NOT NULL,
                note TEXT NOT NULL,
                decided_by BIGINT REFERENCES users (id) ON DELETE SET NULL,
                decided_at TIMESTAMPTZ,
                created_at TIMESTAMPTZ NOT NULL
            );
            CREATE INDEX appeals_user ON appeals (user_id, created_at, id);
            CREATE INDEX appeals_newest ON appeals (created_at, id);
            CREATE INDEX appeals_status ON appeals (status, created_at, id);
            CREATE INDEX appeals_enforcement ON appeals (enforcement_id);
            CREATE INDEX appeals_decided_by ON appeals (decided_by);
            CREATE UNIQUE INDEX appeals_enforcement_id_unique ON appeals (enforcement_id) WHERE status = 'open';",
        )
        .await
    }
}
