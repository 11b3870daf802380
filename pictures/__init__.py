"""Pictures for the documents and the gallery, taken of a running demonstration: a tool of developers."""
