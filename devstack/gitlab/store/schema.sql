CREATE TABLE IF NOT EXISTS users (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    username TEXT NOT NULL UNIQUE COLLATE NOCASE,
    name TEXT NOT NULL,
    email TEXT NOT NULL UNIQUE COLLATE NOCASE,
    password_hash TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'active',
    admin INTEGER NOT NULL DEFAULT 0,
    external INTEGER NOT NULL DEFAULT 0,
    confirmed INTEGER NOT NULL DEFAULT 1,
    can_create_group INTEGER NOT NULL DEFAULT 1,
    projects_limit INTEGER NOT NULL DEFAULT 100000,
    bio TEXT NOT NULL DEFAULT '',
    created_at TEXT NOT NULL,
    last_activity_on TEXT
);

CREATE TABLE IF NOT EXISTS tokens (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    description TEXT,
    digest TEXT NOT NULL UNIQUE,
    scopes TEXT NOT NULL,
    created_at TEXT NOT NULL,
    expires_at TEXT,
    last_used_at TEXT,
    revoked INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS tokens_of_user ON tokens (user_id);

CREATE TABLE IF NOT EXISTS token_rotations (
    token_id INTEGER PRIMARY KEY REFERENCES tokens (id) ON DELETE CASCADE,
    previous_id INTEGER NOT NULL REFERENCES tokens (id) ON DELETE CASCADE
);

CREATE TABLE IF NOT EXISTS impersonations (
    token_id INTEGER PRIMARY KEY REFERENCES tokens (id) ON DELETE CASCADE
);

CREATE TABLE IF NOT EXISTS user_details (
    user_id INTEGER PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    details TEXT NOT NULL DEFAULT '{}'
);

CREATE TABLE IF NOT EXISTS application_settings (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS namespaces (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL CHECK (kind IN ('user', 'group')),
    parent_id INTEGER REFERENCES namespaces (id) ON DELETE CASCADE,
    owner_id INTEGER REFERENCES users (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    path TEXT NOT NULL,
    full_path TEXT NOT NULL UNIQUE COLLATE NOCASE,
    description TEXT NOT NULL DEFAULT '',
    visibility TEXT NOT NULL DEFAULT 'private',
    settings TEXT NOT NULL DEFAULT '{}',
    created_at TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS namespaces_of_parent ON namespaces (parent_id);
CREATE INDEX IF NOT EXISTS namespaces_of_owner ON namespaces (owner_id);

CREATE TABLE IF NOT EXISTS projects (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    namespace_id INTEGER NOT NULL REFERENCES namespaces (id) ON DELETE CASCADE,
    creator_id INTEGER REFERENCES users (id) ON DELETE SET NULL,
    name TEXT NOT NULL COLLATE NOCASE,
    path TEXT NOT NULL,
    full_path TEXT UNIQUE COLLATE NOCASE,
    description TEXT,
    visibility TEXT NOT NULL DEFAULT 'private',
    default_branch TEXT,
    archived INTEGER NOT NULL DEFAULT 0,
    deleting INTEGER NOT NULL DEFAULT 0,
    forked_from_id INTEGER REFERENCES projects (id) ON DELETE SET NULL,
    import_status TEXT NOT NULL DEFAULT 'none',
    settings TEXT NOT NULL DEFAULT '{}',
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    last_activity_at TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS projects_of_namespace ON projects (namespace_id);
CREATE INDEX IF NOT EXISTS projects_by_creation ON projects (created_at);
CREATE INDEX IF NOT EXISTS projects_of_source ON projects (forked_from_id);

CREATE TABLE IF NOT EXISTS former_paths (
    full_path TEXT PRIMARY KEY COLLATE NOCASE,
    project_id INTEGER NOT NULL REFERENCES projects (id) ON DELETE CASCADE
);

CREATE TABLE IF NOT EXISTS project_members (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    project_id INTEGER NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    access_level INTEGER NOT NULL,
    expires_at TEXT,
    created_by_id INTEGER REFERENCES users (id) ON DELETE SET NULL,
    created_at TEXT NOT NULL,
    UNIQUE (project_id, user_id)
);
CREATE INDEX IF NOT EXISTS project_members_of_user ON project_members (user_id);

CREATE TABLE IF NOT EXISTS group_members (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    group_id INTEGER NOT NULL REFERENCES namespaces (id) ON DELETE CASCADE,
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    access_level INTEGER NOT NULL,
    expires_at TEXT,
    created_by_id INTEGER REFERENCES users (id) ON DELETE SET NULL,
    created_at TEXT NOT NULL,
    UNIQUE (group_id, user_id)
);
CREATE INDEX IF NOT EXISTS group_members_of_user ON group_members (user_id);

CREATE TABLE IF NOT EXISTS invitations (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    source TEXT NOT NULL CHECK (source IN ('project', 'group')),
    source_id INTEGER NOT NULL,
    invite_email TEXT NOT NULL COLLATE NOCASE,
    access_level INTEGER NOT NULL,
    expires_at TEXT,
    created_by_id INTEGER REFERENCES users (id) ON DELETE SET NULL,
    created_at TEXT NOT NULL,
    UNIQUE (source, source_id, invite_email)
);

CREATE TABLE IF NOT EXISTS project_shares (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    project_id INTEGER NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    group_id INTEGER NOT NULL REFERENCES namespaces (id) ON DELETE CASCADE,
    group_access INTEGER NOT NULL,
    expires_at TEXT,
    created_at TEXT NOT NULL,
    UNIQUE (project_id, group_id)
);
CREATE INDEX IF NOT EXISTS project_shares_of_group ON project_shares (group_id);

CREATE TABLE IF NOT EXISTS group_shares (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    shared_group_id INTEGER NOT NULL REFERENCES namespaces (id) ON DELETE CASCADE,
    group_id INTEGER NOT NULL REFERENCES namespaces (id) ON DELETE CASCADE,
    group_access INTEGER NOT NULL,
    expires_at TEXT,
    created_at TEXT NOT NULL,
    UNIQUE (shared_group_id, group_id)
);
CREATE INDEX IF NOT EXISTS group_shares_of_group ON group_shares (group_id);

CREATE TABLE IF NOT EXISTS protected_refs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    project_id INTEGER NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('branch', 'tag')),
    name TEXT NOT NULL,
    push_level INTEGER NOT NULL,
    merge_level INTEGER NOT NULL DEFAULT 40,
    allow_force_push INTEGER NOT NULL DEFAULT 0,
    code_owner_approval_required INTEGER NOT NULL DEFAULT 0,
    UNIQUE (project_id, kind, name)
);

CREATE TABLE IF NOT EXISTS stars (
    project_id INTEGER NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    PRIMARY KEY (project_id, user_id)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS topics (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE COLLATE NOCASE,
    title TEXT NOT NULL,
    description TEXT
);
CREATE TABLE IF NOT EXISTS project_topics (
    project_id INTEGER NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    topic_id INTEGER NOT NULL REFERENCES topics (id) ON DELETE CASCADE,
    PRIMARY KEY (project_id, topic_id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS project_topics_of_topic ON project_topics (topic_id);

CREATE TABLE IF NOT EXISTS releases (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    project_id INTEGER NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    tag_name TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT,
    author_id INTEGER REFERENCES users (id) ON DELETE SET NULL,
    created_at TEXT NOT NULL,
    released_at TEXT NOT NULL,
    UNIQUE (project_id, tag_name)
);

CREATE TABLE IF NOT EXISTS hooks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    project_id INTEGER REFERENCES projects (id) ON DELETE CASCADE,
    url TEXT NOT NULL,
    token TEXT NOT NULL DEFAULT '',
    settings TEXT NOT NULL DEFAULT '{}',
    created_at TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS hooks_of_project ON hooks (project_id);

-- failed: 1 or 0 for the last try of a message, NULL for one that was tried again.
CREATE TABLE IF NOT EXISTS hook_deliveries (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    hook_id INTEGER NOT NULL REFERENCES hooks (id) ON DELETE CASCADE,
    failed INTEGER,
    sent_at REAL NOT NULL,
    told TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS hook_deliveries_of_hook ON hook_deliveries (hook_id);

CREATE TABLE IF NOT EXISTS applications (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uid TEXT NOT NULL UNIQUE,
    secret_digest TEXT NOT NULL,
    name TEXT NOT NULL,
    redirect_uris TEXT NOT NULL,
    scopes TEXT NOT NULL,
    confidential INTEGER NOT NULL DEFAULT 1,
    trusted INTEGER NOT NULL DEFAULT 0,
    created_at TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS authorization_codes (
    digest TEXT PRIMARY KEY,
    application_id INTEGER NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    redirect_uri TEXT NOT NULL,
    scopes TEXT NOT NULL,
    code_challenge TEXT NOT NULL DEFAULT '',
    code_challenge_method TEXT NOT NULL DEFAULT '',
    nonce TEXT NOT NULL DEFAULT '',
    family TEXT NOT NULL,
    used INTEGER NOT NULL DEFAULT 0,
    expires_at REAL NOT NULL
);

CREATE TABLE IF NOT EXISTS access_tokens (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    application_id INTEGER NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    digest TEXT NOT NULL UNIQUE,
    refresh_digest TEXT NOT NULL UNIQUE,
    family TEXT NOT NULL,
    scopes TEXT NOT NULL,
    created_at REAL NOT NULL,
    expires_at REAL NOT NULL,
    revoked INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS access_tokens_of_family ON access_tokens (family);

CREATE TABLE IF NOT EXISTS web_sessions (
    digest TEXT PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    expires_at REAL NOT NULL
);
