def select_expression(case, column):
    return "NULL"
def rows(command, database):
    return []
def compare(combination, events, shown):
    pass
