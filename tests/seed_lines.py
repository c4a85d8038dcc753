"""The curl lines of seed 001 as they are printed there; names in <> are to be filled in.

Blanks behind the backslashes at the ends of lines, which the seed's Markdown has, are taken away.
"""

from __future__ import annotations

UPLOAD = """curl -X POST http://<server-url>/upload_asset \\
-H "Content-Type: multipart/form-data" \\
-F "asset=@/path/to/your/file.png" \\
-F 'asset_metadata={
    "asset_name": "SampleAsset",
    "asset_version": { "version": "1.0", "tag": "initial" },
    "asset_metadata": { "description": "Sample asset upload" },
    "asset_tags": ["image", "sample"]
}'"""
GET = """curl -X GET http://<api-url>/asset/SampleAsset:1.0-initial \\
-H "Content-Type: application/json\""""
UPDATE = """curl -X PUT http://<api-url>/asset/SampleAsset:1.0-initial \\
-H "Content-Type: application/json" \\
-d '{
    "asset_metadata": {"description": "Updated asset description"},
    "asset_tags": ["updated", "sample"]
}'"""
DELETE = """curl -X DELETE http://<api-url>/asset/SampleAsset:1.0-initial \\
-H "Content-Type: application/json\""""
QUERY = """curl -X POST http://<api-url>/assets \\
-H "Content-Type: application/json" \\
-d '{
    "asset_tags": ["sample"],
    "asset_metadata": {"type": "image"}
}'"""
QUERY_BY_OPERATORS = """curl -X POST http://<api-url>/assets \\
-H "Content-Type: application/json" \\
-d '{
    "asset_tags": { "$in": ["sample", "image"] },
    "asset_metadata.type": "image",
    "asset_version.version": { "$gte": "1.0" }
}'"""
OBJECT = """curl -X GET http://<api-url>/asset-object/<asset_id> -o downloaded_asset"""
CREATE = """curl -X POST http://<api-url>/asset \\
-H "Content-Type: application/json" \\
-d '{
    "asset_name": "Sample Asset",
    "asset_version": {"version": "1.0", "tag": "initial"},
    "asset_metadata": {"description": "Sample asset for testing"},
    "asset_tags": ["test", "sample"]
}'"""
HEALTH = """curl -X GET http://<api-url>/health"""
REGISTER = """curl -X POST "http://<api-url>/asset_registry" \\
-H "Content-Type: application/json" \\
-d '{
    "asset_registry_name": "ResNet Models registry",
    "asset_registry_metadata": {
        "framework": "PyTorch",
        "version": "1.0",
        "author": "OpenAI",
        "license": "Apache-2.0"
    },
    "asset_registry_tags": ["image-classification", "deep-learning", "pytorch"],
    "asset_registry_public_url": "https://example.com/models/resnet-models-registry"
}'"""
GET_ENTRY = """curl -X GET "http://<api-url>/asset_registry/123e4567-e89b-12d3-a456-426614174000" \\
-H "Content-Type: application/json\""""
UPDATE_ENTRY = """curl -X PUT "http://<api-url>/asset_registry/123e4567-e89b-12d3-a456-426614174000" \\
-H "Content-Type: application/json" \\
-d '{
    "asset_registry_metadata": {
        "framework": "TensorFlow" models,
        "version": "2.0"
    },
    "asset_registry_tags": ["neural-network", "tensorflow"]
}'"""
DELETE_ENTRY = """curl -X DELETE "http://<api-url>/asset_registry/123e4567-e89b-12d3-a456-426614174000" \\
-H "Content-Type: application/json\""""
QUERY_ENTRIES = """curl -X POST "http://<api-url>/asset_registries" \\
-H "Content-Type: application/json" \\
-d '{
    "$and": [
        { "asset_registry_tags": { "$in": ["deep-learning"] } },
        { "asset_registry_metadata.framework": "PyTorch" }
    ]
}'"""
CHECK_ENTRY = """curl -X GET "http://<api-url>/check_health/tes-123e4567-e89b-12d3-a456-426614174000" \\
-H "Content-Type: application/json\""""

# The id that stands in the lines about one entry of the registry.
PRINTED_ID = "123e4567-e89b-12d3-a456-426614174000"
