import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def batches_may_move(apps, schema_editor):
    """Batches and their lines were append-only; from now on guards keep what must stay."""
    for table in ("billing_batch", "billing_batchline"):
        for kind in ("update", "delete", "truncate"):
            on = f' ON "{table}"' if schema_editor.connection.vendor == "postgresql" else ""
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {table}_refuses_{kind}{on}")


def kept_batches_were_exported(apps, schema_editor):
    """Until now a batch was made in one step."""
    alias = schema_editor.connection.alias
    on = ' ON "billing_batchfile"' if schema_editor.connection.vendor == "postgresql" else ""
    # migrate puts it back at its end
    schema_editor.execute(f"DROP TRIGGER IF EXISTS billing_batchfile_refuses_update{on}")
    apps.get_model("billing", "Batch").objects.using(alias).update(
        exported_at=models.F("created_at"), wanted=models.F("line_count")
    )
    files = apps.get_model("billing", "BatchFile").objects.using(alias).filter(kind="837p")
    for pk, number, part in files.values_list("pk", "batch__control_number", "part"):
        files.filter(pk=pk).update(control_number=number + part - 1)


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0001_initial'),
        ('billing', '0002_life_of_a_line'),
        ('review', '0002_structured_documentation'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunPython(batches_may_move, migrations.RunPython.noop),
        migrations.RemoveConstraint(
            model_name='batch',
            name='batch_is_not_empty',
        ),
        migrations.RemoveConstraint(
            model_name='batchline',
            name='line_is_in_one_batch',
        ),
        migrations.RemoveConstraint(
            model_name='chargeline',
            name='ready_line_has_amount_and_payer',
        ),
        migrations.RemoveConstraint(
            model_name='chargeline',
            name='line_status_is_known',
        ),
        migrations.AddField(
            model_name='batch',
            name='attempts',
            field=models.PositiveSmallIntegerField(default=0, editable=False),
        ),
        migrations.AddField(
            model_name='batch',
            name='cursor',
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='batch',
            name='due_at',
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name='batch',
            name='end_reason',
            field=models.CharField(blank=True, max_length=300),
        ),
        migrations.AddField(
            model_name='batch',
            name='ended_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='batch',
            name='envelope',
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name='batch',
            name='exported_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='batch',
            name='last_error',
            field=models.TextField(blank=True, editable=False),
        ),
        migrations.AddField(
            model_name='batch',
            name='lease_token',
            field=models.UUIDField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name='batch',
            name='left_out',
            field=models.JSONField(blank=True, default=list),
        ),
        migrations.AddField(
            model_name='batch',
            name='reason',
            field=models.CharField(blank=True, max_length=300),
        ),
        migrations.AddField(
            model_name='batch',
            name='replaces',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='replaced_by', to='billing.batch'),
        ),
        migrations.AddField(
            model_name='batch',
            name='selection',
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name='batch',
            name='sent_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='batch',
            name='status',
            field=models.CharField(choices=[('preparing', 'Files are being made'), ('exported', 'Files made, not sent'), ('sent', 'Sent'), ('cancelled', 'Cancelled'), ('replaced', 'Sent again in another batch')], default='exported', max_length=10),
        ),
        migrations.AddField(
            model_name='batch',
            name='wanted',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='batch',
            name='work_status',
            field=models.CharField(choices=[('idle', 'Nothing to do'), ('waiting', 'Waiting'), ('working', 'Working'), ('done', 'Done'), ('dead', 'Needs attention')], default='idle', editable=False, max_length=10),
        ),
        migrations.AddField(
            model_name='batchfile',
            name='control_number',
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='batchfile',
            name='key',
            field=models.CharField(blank=True, max_length=200),
        ),
        migrations.AddField(
            model_name='batchline',
            name='is_live',
            field=models.BooleanField(default=True),
        ),
        migrations.AddField(
            model_name='batchline',
            name='part',
            field=models.PositiveSmallIntegerField(default=1),
        ),
        migrations.AddField(
            model_name='chargeline',
            name='frequency_code',
            field=models.CharField(choices=[('1', 'new'), ('7', 'replacement'), ('8', 'void')], default='1', max_length=1),
        ),
        migrations.AddField(
            model_name='chargeline',
            name='original_claim_number',
            field=models.CharField(blank=True, max_length=50),
        ),
        migrations.AddField(
            model_name='chargeline',
            name='payer_claim_number',
            field=models.CharField(blank=True, max_length=50),
        ),
        migrations.AddField(
            model_name='payer',
            name='correction_mode',
            field=models.CharField(choices=[('reopening', 'Reopening: ask the payer to reopen its claim, send no new one'), ('replace_void', "Replacement or void: a new claim that names the payer's claim number")], default='reopening', max_length=12, verbose_name='how it takes corrections'),
        ),
        migrations.AlterField(
            model_name='batch',
            name='line_count',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AlterField(
            model_name='batch',
            name='total',
            field=models.DecimalField(decimal_places=2, default=0, max_digits=12),
        ),
        migrations.AlterField(
            model_name='batchfile',
            name='content',
            field=models.BinaryField(blank=True, default=b''),
        ),
        migrations.AlterField(
            model_name='chargeline',
            name='status',
            field=models.CharField(choices=[('held', 'Held'), ('ready', 'Ready'), ('batched', 'In a batch'), ('exported', 'Exported'), ('accepted', 'Accepted by the payer'), ('rejected', 'Rejected by the payer'), ('paid', 'Paid'), ('partly_paid', 'Partly paid'), ('denied', 'Denied'), ('closed', 'Closed'), ('not_billable', 'Not billable'), ('void', 'Void'), ('superseded', 'Superseded')], max_length=15),
        ),
        migrations.AlterField(
            model_name='batch',
            name='status',
            field=models.CharField(choices=[('preparing', 'Files are being made'), ('exported', 'Files made, not sent'), ('sent', 'Sent'), ('cancelled', 'Cancelled'), ('replaced', 'Sent again in another batch')], default='preparing', max_length=10),
        ),
        migrations.RunPython(kept_batches_were_exported, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name='batch',
            index=models.Index(condition=models.Q(('work_status__in', ['waiting', 'working'])), fields=['due_at'], name='batch_due'),
        ),
        migrations.AddConstraint(
            model_name='batch',
            constraint=models.UniqueConstraint(condition=models.Q(('status', 'cancelled'), _negated=True), fields=('replaces',), name='batch_is_sent_again_once'),
        ),
        migrations.AddConstraint(
            model_name='batch',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['preparing', 'exported', 'sent', 'cancelled', 'replaced'])), name='batch_status_is_known'),
        ),
        migrations.AddConstraint(
            model_name='batch',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['preparing', 'cancelled']), ('line_count__gt', 0), _connector='OR'), name='batch_is_not_empty'),
        ),
        migrations.AddConstraint(
            model_name='batch',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status__in', ['exported', 'sent', 'replaced']), _negated=True), ('exported_at__isnull', False), _connector='OR'), name='exported_batch_says_when'),
        ),
        migrations.AddConstraint(
            model_name='batch',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status', 'sent'), _negated=True), ('sent_at__isnull', False), _connector='OR'), name='sent_batch_says_when'),
        ),
        migrations.AddConstraint(
            model_name='batch',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status', 'cancelled'), _negated=True), models.Q(('ended_at__isnull', False), models.Q(('end_reason', ''), _negated=True)), _connector='OR'), name='cancelled_batch_says_when_and_why'),
        ),
        migrations.AddConstraint(
            model_name='batch',
            constraint=models.CheckConstraint(condition=models.Q(('replaces__isnull', True), models.Q(('reason', ''), _negated=True), _connector='OR'), name='sending_again_says_why'),
        ),
        migrations.AddConstraint(
            model_name='batchfile',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind', '837p'), _negated=True), ('control_number__isnull', False), _connector='OR'), name='claim_file_has_a_control_number'),
        ),
        migrations.AddConstraint(
            model_name='batchline',
            constraint=models.UniqueConstraint(condition=models.Q(('is_live', True)), fields=('line',), name='line_is_in_one_live_batch'),
        ),
        migrations.AddConstraint(
            model_name='batchline',
            constraint=models.UniqueConstraint(fields=('batch', 'position'), name='one_line_at_a_position'),
        ),
        migrations.AddConstraint(
            model_name='chargeline',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['held', 'ready', 'not_billable', 'batched', 'exported', 'accepted', 'rejected', 'paid', 'partly_paid', 'denied', 'closed', 'void', 'superseded'])), name='line_status_is_known'),
        ),
        migrations.AddConstraint(
            model_name='chargeline',
            constraint=models.CheckConstraint(condition=models.Q(('frequency_code', '1'), models.Q(('original_claim_number', ''), _negated=True), _connector='OR'), name='replacement_names_the_payers_claim'),
        ),
        migrations.AddConstraint(
            model_name='chargeline',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status__in', ['ready', 'batched', 'exported', 'accepted', 'rejected', 'paid', 'partly_paid', 'denied', 'closed']), _negated=True), models.Q(('amount__isnull', False), ('payer__isnull', False)), _connector='OR'), name='ready_line_has_amount_and_payer'),
        ),
    ]
