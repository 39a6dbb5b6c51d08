"""Run by Alembic with the connection that `wa_integrasi.store.migrating` hands over."""

from alembic import context

from wa_integrasi.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
