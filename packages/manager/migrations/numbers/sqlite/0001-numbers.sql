-- The numbers that new users and groups get.
CREATE TABLE manager_numbers (
  cluster TEXT NOT NULL,
  -- In lower case: uidnumber, gidnumber.
  attribute TEXT NOT NULL,
  -- Above every number that was given or seen. It never goes back: whoever gets a freed number gets its files.
  next INTEGER NOT NULL,
  -- Whether the directory has been searched for the highest: 0 or 1.
  is_complete INTEGER NOT NULL,
  PRIMARY KEY (cluster, attribute)
) STRICT, WITHOUT ROWID;
