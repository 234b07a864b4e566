-- Signed requests that were stored, as long as a replay of one would be let in.
CREATE TABLE dorad.push_seen (
	digest bytea PRIMARY KEY,
	seen_at timestamptz NOT NULL
);
