"""The matters that are owed, in the filters that officers keep."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("api", "0062_reminders"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="savedfilter",
            name="saved_filter_matters_are_known",
        ),
        migrations.AlterField(
            model_name="savedfilter",
            name="matters",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(
                    choices=[
                        ("ratify", "ratify"),
                        ("lapse", "lapse"),
                        ("activation", "activation"),
                        ("term", "term"),
                        ("renewal", "renewal"),
                        ("security", "security"),
                        ("stay", "stay"),
                        ("appeal", "appeal"),
                        ("notice", "notice"),
                        ("answer", "answer"),
                        ("application", "application"),
                        ("inspection", "inspection"),
                        ("agreement", "agreement"),
                        ("hearing", "hearing"),
                        ("duty", "duty"),
                        ("condition", "condition"),
                        ("payment", "payment"),
                        ("match", "match"),
                    ],
                    max_length=12,
                ),
                blank=True,
                default=list,
                size=None,
            ),
        ),
        migrations.AddConstraint(
            model_name="savedfilter",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "matters__contained_by",
                        [
                            "ratify",
                            "lapse",
                            "activation",
                            "term",
                            "renewal",
                            "security",
                            "stay",
                            "appeal",
                            "notice",
                            "answer",
                            "application",
                            "inspection",
                            "agreement",
                            "hearing",
                            "duty",
                            "condition",
                            "payment",
                            "match",
                        ],
                    )
                ),
                name="saved_filter_matters_are_known",
            ),
        ),
    ]
