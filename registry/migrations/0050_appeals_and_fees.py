"""An application's fee, an appeal against its refusal and how that ends, and a draft that is forgotten."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Let events say so."""

    dependencies = [("registry", "0041_requests_of_persons")]

    operations = [
        migrations.AlterField(
            model_name="applicationevent",
            name="action",
            field=models.TextField(
                choices=[
                    ("open", "open"),
                    ("submit", "submit"),
                    ("withdraw", "withdraw"),
                    ("ask", "ask"),
                    ("review", "review"),
                    ("order_inspection", "order_inspection"),
                    ("record_inspection", "record_inspection"),
                    ("call_for_objections", "call_for_objections"),
                    ("object", "object"),
                    ("propose_refusal", "propose_refusal"),
                    ("serve_notice", "serve_notice"),
                    ("represent", "represent"),
                    ("refuse", "refuse"),
                    ("propose_grant", "propose_grant"),
                    ("grant", "grant"),
                    ("take_back", "take_back"),
                    ("record_fee", "record_fee"),
                    ("appeal", "appeal"),
                    ("record_appeal", "record_appeal"),
                    ("record_outcome", "record_outcome"),
                    ("allow_appeal", "allow_appeal"),
                    ("dismiss_appeal", "dismiss_appeal"),
                    ("forget", "forget"),
                ]
            ),
        ),
    ]
