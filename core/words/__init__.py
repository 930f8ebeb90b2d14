"""Every sentence about a result, each with a code for programs: numbers, lists and names here once, then one module a
study. A sentence changes with the data; a tie is called a tie."""
