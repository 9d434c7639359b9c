-- +goose Up

-- Nothing to do. In PostgreSQL this one has the policies of row-level security go by another setting; SQLite has none.

-- +goose Down
