"""Where a server is known not to do what SQS and SNS do: server → reason → the tests that show it.

Each entry makes its tests expected failures, strictly: when a server learns the rule, the suite fails until the entry is gone. A name stands for
all parameters of a test, or for one (`test_x[a]`). The embedded broker has no entries; that is what the suite is for.
"""

KNOWN = {
    "ministack": {
        "loses the trace header of messages that are sent in a batch": ("test_move_takes_the_trace_along",),
        "has no redrive API: sources, move tasks": (
            "test_sources_of_a_dead_letter_queue",
            "test_queue_that_never_was[list_dead_letter_source_queues-]",
            "test_move_task_brings_dead_letters_back",
            "test_move_task_to_another_queue",
            "test_move_task_needs_a_dead_letter_queue",
        ),
        "does not tell a dead letter's source": ("test_dead_letter_remembers_its_source",),
        "takes any name for a queue": ("test_names_that_are_refused",),
        "takes attributes that SQS does not have": ("test_attribute_that_is_none_is_refused",),
        "still has SQS's old limit of 256 KiB": ("test_defaults", "test_one_mebibyte_is_the_limit"),
        "does not count attributes as part of a message's size": (
            "test_attributes_count_against_the_queues_own_limit",
        ),
        "does not check attributes": ("test_attributes_that_are_refused",),
        "does not check delays": ("test_one_bad_entry_leaves_the_others", "test_message_of_its_own_delay_is_refused"),
        "does not check a batch's entry ids, or that it has any": (
            "test_batches_that_are_refused_whole[none]",
            "test_batches_that_are_refused_whole[same-id]",
            "test_batches_that_are_refused_whole[bad-id]",
        ),
        "does not check how many messages are asked for": ("test_receiving_more_than_ten_or_none_is_refused",),
        "does not check the length of a visibility timeout": ("test_visibility_has_a_limit",),
        "forgets a receipt handle with the message's deletion or next receive": (
            "test_deleting_twice_is_no_error",
            "test_old_handle_of_a_standard_queue_still_deletes",
        ),
        "digests all attributes, not those it returns": ("test_attributes_come_only_when_asked_for",),
        "takes a delay of 0 for none given": ("test_delay_of_a_queue_and_a_message_that_has_none",),
        "takes a deduplication id on a standard queue": ("test_deduplication_on_a_standard_queue_is_refused",),
        "SNS: loses binary attributes in the envelope": ("test_wrapped_delivery",),
        "SNS: does not check a batch's entries": ("test_one_bad_publication_leaves_the_others",),
        "SNS: reads a string as a number": ("test_filter_by_attributes[number]",),
        "SNS: does not know these operators": (
            "test_filter_by_attributes[suffix]",
            "test_filter_by_attributes[but-prefix]",
            "test_filter_by_attributes[missing]",
            "test_filter_by_attributes[case]",
            "test_filter_by_attributes[cidr]",
        ),
        "SNS: does not filter by body": ("test_filter_by_body", "test_messages_filtered_by_the_body"),
        "SNS: does not check filter policies": ("test_policies_that_are_refused",),
    },
    "roto": {
        "has no redrive API: sources, move tasks": (
            "test_sources_of_a_dead_letter_queue",
            "test_queue_that_never_was[list_dead_letter_source_queues-]",
            "test_move_task_brings_dead_letters_back",
            "test_move_task_to_another_queue",
            "test_move_task_needs_a_dead_letter_queue",
        ),
        "does not tell a dead letter's source": ("test_dead_letter_remembers_its_source",),
        "does not check the retention period": ("test_attributes_out_of_range_are_refused[retention]",),
        "takes attributes that SQS does not have": ("test_attribute_that_is_none_is_refused",),
        "still has SQS's old limit of 256 KiB": ("test_defaults", "test_one_mebibyte_is_the_limit"),
        "does not count attributes as part of a message's size": (
            "test_attributes_count_against_the_queues_own_limit",
        ),
        "checks no more of attributes than type and name, under a code of its own": (
            "test_attributes_that_are_refused",
        ),
        "does not check bodies": (
            "test_characters_that_are_refused",
            "test_empty_body_is_refused",
            "test_one_bad_entry_leaves_the_others",
            "test_bad_entry_is_reported_and_the_others_are_sent",
        ),
        "digests all attributes, not those it returns": ("test_attributes_come_only_when_asked_for",),
        "forgets a deduplication id with the message's deletion": ("test_duplicates_are_taken_and_not_stored",),
        "takes a deduplication id on a standard queue": ("test_deduplication_on_a_standard_queue_is_refused",),
        "deletes with an expired handle on a FIFO queue": ("test_expired_handle_no_longer_deletes",),
        "SNS: does not check a batch's entries": ("test_one_bad_publication_leaves_the_others",),
        "SNS: reads a string as a number": ("test_filter_by_attributes[number]",),
        "SNS: does not know these operators": ("test_filter_by_attributes[or]", "test_filter_by_attributes[cidr]"),
        "SNS: does not look into arrays of objects": ("test_filter_by_body[objects]",),
        "SNS: anything-but wants every element of an array to differ": ("test_filter_by_body[but]",),
        "SNS: checks no more of filter policies than that they are objects": (
            "test_policies_that_are_refused[bare]",
            "test_policies_that_are_refused[operator]",
            "test_policies_that_are_refused[numeric]",
            "test_policies_that_are_refused[nested]",
        ),
    },
    "moto": {
        "loses the trace header of messages that are sent in a batch": ("test_move_takes_the_trace_along",),
        "fails (500) in StartMessageMoveTask": (
            "test_move_task_brings_dead_letters_back",
            "test_move_task_to_another_queue",
            "test_move_task_needs_a_dead_letter_queue",
        ),
        "does not tell a dead letter's source": ("test_dead_letter_remembers_its_source",),
        "takes .fifo at the end of a standard queue's name": ("test_names_that_are_refused[fifo]",),
        "does not check the range of these attributes": (
            "test_attributes_out_of_range_are_refused[visibility]",
            "test_attributes_out_of_range_are_refused[delay]",
            "test_attributes_out_of_range_are_refused[retention]",
        ),
        "takes attributes that SQS does not have": ("test_attribute_that_is_none_is_refused",),
        "gives the time of creation with a fraction": ("test_defaults",),
        "does not count attributes as part of a message's size": (
            "test_attributes_count_against_the_queues_own_limit",
        ),
        "checks no more of attributes than type and name": (
            "test_attributes_that_are_refused[eleven]",
            "test_attributes_that_are_refused[number]",
            "test_attributes_that_are_refused[empty]",
            "test_attributes_that_are_refused[reserved]",
            "test_attributes_that_are_refused[value-of-other-type]",
        ),
        "does not check bodies": (
            "test_characters_that_are_refused",
            "test_empty_body_is_refused",
            "test_one_bad_entry_leaves_the_others",
            "test_bad_entry_is_reported_and_the_others_are_sent",
        ),
        "gives no sequence number in the answer to a send": ("test_sequence_numbers_grow",),
        "gives a duplicate an id of its own": ("test_duplicates_are_taken_and_not_stored",),
        "takes a deduplication id on a standard queue": ("test_deduplication_on_a_standard_queue_is_refused",),
        "deletes with an expired handle on a FIFO queue": ("test_expired_handle_no_longer_deletes",),
        "SNS: drops a raw delivery that has a binary attribute": ("test_raw_delivery",),
        "SNS: fails a whole batch for one bad entry": ("test_one_bad_publication_leaves_the_others",),
        "SNS: compares with equals-ignore-case only in lower case": ("test_filter_by_attributes[case]",),
        "SNS: does not know the operator cidr": ("test_filter_by_attributes[cidr]",),
        "SNS: takes 1 for true": ("test_filter_by_body[kinds]",),
        "SNS: anything-but wants every element of an array to differ": ("test_filter_by_body[but]",),
        "SNS: fails (500) at a filter policy that is no object": (
            "test_policies_that_are_refused[text]",
            "test_policies_that_are_refused[array]",
        ),
        "SNS: does not hand the topic's content-based deduplication on to the queue": (
            "test_fifo_topic_keeps_order_and_drops_duplicates",
        ),
    },
}

DEVIATIONS = {
    (server, test): reason for server, reasons in KNOWN.items() for reason, tests in reasons.items() for test in tests
}
