# Real servers for tests. include() it once, from a CMakeLists.txt after enable_testing().
# ctest starts the servers before the first test that needs them and stops them after the last.
set(TAILRACE_STACK ${CMAKE_CURRENT_LIST_DIR}/stack)
set(TAILRACE_STACK_FOLDER ${CMAKE_BINARY_DIR}/stack)

add_test(NAME stack_self_test COMMAND ${CMAKE_CURRENT_LIST_DIR}/stack_test.py)
set_tests_properties(stack_self_test PROPERTIES LABELS unit TIMEOUT 60)

if(TAILRACE_SERVER_TESTS)
  add_test(NAME stack_up COMMAND ${TAILRACE_STACK} up --dir ${TAILRACE_STACK_FOLDER}
           mysql mariadb mariadb118 mysql56 kafka elasticsearch)
  set_tests_properties(stack_up PROPERTIES FIXTURES_SETUP servers TIMEOUT 900)
  add_test(NAME stack_down COMMAND ${TAILRACE_STACK} down --dir ${TAILRACE_STACK_FOLDER} --wipe)
  set_tests_properties(stack_down PROPERTIES FIXTURES_CLEANUP servers TIMEOUT 120)
endif()

# tailrace_server_test(NAME command argument...): a test that runs with the variables of
# `stack env` set, one at a time. A test that stops or kills servers brings up a stack of its
# own (another --dir), because the next test expects these to be up. By hand it may skip what has no
# server; here a missing one is a failure.
function(tailrace_server_test name)
  if(NOT TAILRACE_SERVER_TESTS)
    return()
  endif()
  add_test(NAME ${name} COMMAND ${TAILRACE_STACK} exec --dir ${TAILRACE_STACK_FOLDER} -- ${ARGN})
  set_tests_properties(${name} PROPERTIES FIXTURES_REQUIRED servers RESOURCE_LOCK servers
                       LABELS integration TIMEOUT 900 ENVIRONMENT TAILRACE_SERVERS_REQUIRED=1)
endfunction()
