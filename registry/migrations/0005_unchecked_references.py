"""Two references that the database need not check: their targets are never deleted, and an intake writes many.

The one to the commit would be checked for every published span while the register's counter is held.
"""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("registry", "0004_intake")]

    operations = [
        migrations.AlterField(
            model_name="observedrow",
            name="entry",
            field=models.OneToOneField(
                db_constraint=False,
                on_delete=django.db.models.deletion.PROTECT,
                primary_key=True,
                related_name="row",
                serialize=False,
                to="registry.entry",
            ),
        ),
        migrations.AlterField(
            model_name="publishedrecord",
            name="commit",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="registry.registercommit",
            ),
        ),
    ]
