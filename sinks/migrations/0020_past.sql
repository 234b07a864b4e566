-- What is known of people and of services that are no more.

-- Whom exclude.authors leaves out was kept as it was written, which may be an address: from
-- now on a keyed digest stands for it. Commits are looked at again at the next poll. A
-- digest of a text with an address in it goes, too.
UPDATE dorad.definition SET fingerprint = 'erased ' || definition_id,
	content = jsonb_set(content, '{service,exclude,authors}',
		(SELECT jsonb_agg('erased'::text)
		FROM jsonb_array_elements(content #> '{service,exclude,authors}')))
	WHERE content #> '{service,exclude,authors}' <> '[]';
UPDATE dorad.repo SET patterns = NULL WHERE repo_id IN
	(SELECT repo_id FROM dorad.commit_note WHERE kind = 'author');
DELETE FROM dorad.commit_note WHERE kind = 'author';
