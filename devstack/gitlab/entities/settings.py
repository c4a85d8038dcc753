"""The settings of a project: their defaults, kinds, and which may be written."""

from __future__ import annotations

from typing import Any

from devstack.gitlab.parameters import Field

_LEVELS = ("disabled", "private", "enabled")
_FEATURES = (
    "issues", "repository", "merge_requests", "forking", "wiki", "builds", "snippets", "analytics", "releases",
    "environments", "feature_flags", "infrastructure", "monitor", "model_experiments", "model_registry",
    "container_registry", "package_registry", "pages", "security_and_compliance", "requirements",
)  # fmt: skip
_SWITCHES: dict[str, bool] = {
    "issues_enabled": True,
    "merge_requests_enabled": True,
    "wiki_enabled": True,
    "jobs_enabled": True,
    "snippets_enabled": True,
    "container_registry_enabled": True,
    "packages_enabled": True,
    "service_desk_enabled": False,
    "lfs_enabled": True,
    "request_access_enabled": True,
    "shared_runners_enabled": True,
    "group_runners_enabled": True,
    "emails_disabled": False,
    "emails_enabled": True,
    "public_jobs": True,
    "only_allow_merge_if_pipeline_succeeds": False,
    "only_allow_merge_if_all_discussions_are_resolved": False,
    "allow_merge_on_skipped_pipeline": False,
    "remove_source_branch_after_merge": True,
    "printing_merge_request_link_enabled": True,
    "resolve_outdated_diff_discussions": False,
    "auto_devops_enabled": False,
    "autoclose_referenced_issues": True,
    "keep_latest_artifact": True,
    "enforce_auth_checks_on_uploads": True,
    "warn_about_potentially_unwanted_characters": True,
    "ci_forward_deployment_enabled": True,
    "ci_job_token_scope_enabled": False,
    "ci_separated_caches": True,
    "ci_forward_deployment_rollback_allowed": True,
    "ci_allow_fork_pipelines_to_run_in_parent_project": True,
    "ci_push_repository_for_job_token_allowed": False,
    "restrict_user_defined_variables": False,
    "can_create_merge_request_in": True,
}
_TEXTS: dict[str, str | None] = {
    "build_git_strategy": "fetch",
    "auto_cancel_pending_pipelines": "enabled",
    "ci_config_path": None,
    "suggestion_commit_message": None,
    "merge_commit_template": None,
    "squash_commit_template": None,
    "issue_branch_template": None,
    "auto_devops_deploy_strategy": "continuous",
    "ci_pipeline_variables_minimum_override_role": "developer",
    "repository_object_format": "sha1",
    "import_url": None,
    "import_type": None,
    "import_error": None,
}
_CHOICES: dict[str, tuple[str, ...]] = {
    "merge_method": ("merge", "rebase_merge", "ff"),
    "squash_option": ("default_off", "never", "always", "default_on"),
}
_NUMBERS = {"build_timeout": 3600, "ci_default_git_depth": 20}
_READ_ONLY = {
    "can_create_merge_request_in",
    "import_type",
    "import_error",
    "import_url",
    "repository_object_format",
}
# Only those who run a project see these.
_ADMINISTERED = frozenset(
    {
        *(
            "import_url",
            "import_type",
            "import_error",
            "service_desk_address",
            "runner_token_expiration_interval",
        ),
        *(
            "ci_default_git_depth",
            "ci_delete_pipelines_in_seconds",
            "ci_forward_deployment_enabled",
        ),
        *(
            "ci_forward_deployment_rollback_allowed",
            "ci_job_token_scope_enabled",
            "ci_separated_caches",
        ),
        *("ci_allow_fork_pipelines_to_run_in_parent_project", "ci_id_token_sub_claim_components"),
        *(
            "build_git_strategy",
            "keep_latest_artifact",
            "restrict_user_defined_variables",
            "build_timeout",
        ),
        *(
            "ci_pipeline_variables_minimum_override_role",
            "ci_push_repository_for_job_token_allowed",
        ),
        *("group_runners_enabled", "auto_cancel_pending_pipelines", "auto_devops_enabled"),
        "auto_devops_deploy_strategy",
    }
)

DEFAULTS: dict[str, Any] = {
    **_SWITCHES,
    **_TEXTS,
    **{name: values[0] for name, values in _CHOICES.items()},
    **_NUMBERS,
    **{f"{feature}_access_level": "enabled" for feature in _FEATURES},
    "container_expiration_policy": None,
    "service_desk_address": None,
    "ci_delete_pipelines_in_seconds": None,
    "ci_id_token_sub_claim_components": ["project_path", "ref_type", "ref"],
    "runner_token_expiration_interval": None,
    "max_artifacts_size": None,
}


def project_settings(stored: dict[str, Any], *, administered: bool) -> dict[str, Any]:
    """Return every setting of a project: what was set, else GitLab's default; some for who runs it only."""
    settings = {**DEFAULTS, **stored}
    if administered:
        return settings
    return {name: value for name, value in settings.items() if name not in _ADMINISTERED}


def setting_fields() -> list[Field]:
    """Return the parameters that set them."""
    levels = [
        Field(
            f"{feature}_access_level",
            values=(*_LEVELS, "public") if feature in ("pages", "package_registry") else _LEVELS,
        )
        for feature in _FEATURES
    ]
    return [
        *levels,
        *(Field(name, "boolean") for name in _SWITCHES if name not in _READ_ONLY),
        *(Field(name) for name in _TEXTS if name not in _READ_ONLY),
        *(Field(name, values=values) for name, values in _CHOICES.items()),
        *(Field(name, "integer") for name in _NUMBERS),
    ]
