from flows.publish.tables import CATEGORIES, KEYS, PROMISED, SCHEMAS, STAMPED_COLUMNS, STAMPED_TABLES


def test_every_promised_table_has_a_key_of_its_own_columns():
    assert KEYS.keys() == PROMISED.keys()
    assert all(set(KEYS[table]) <= set(columns) for table, columns in PROMISED.items())


def test_no_column_is_promised_twice_and_every_schema_is_known():
    assert all(len(set(columns)) == len(columns) for columns in PROMISED.values())
    assert {table.split(".")[0] for table in PROMISED} == set(SCHEMAS)
    assert len(PROMISED) == 35


def test_an_episode_month_has_two_counts_for_each_category():
    counts = [column for column in PROMISED["services.episode_month"] if column.startswith("n_")]
    assert len(counts) == 2 * len(CATEGORIES) == 24


def test_what_stamps_the_run_is_promised_too():
    assert PROMISED.keys() >= STAMPED_TABLES
    assert all(columns <= set(PROMISED[table]) for table, columns in STAMPED_COLUMNS.items())
