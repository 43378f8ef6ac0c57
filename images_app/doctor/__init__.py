"""The three-way comparison of database, object store and Cloudflare Images, and what follows from it.

    survey     Cloudflare's list goes into a file of our own, since its order is that of upload
    compare    files, objects and that list, each in order of file ids, are read side by side
    judge      what the three say of one file becomes findings; pure
    apply      each finding is looked at again, and set right through `core/repair.py` and the queue
    checks     credentials, the presigned URL, named variants
    resign     images that are private or public other than today's setting wants

Memory does not grow with what there is: pages, and `notes` on disk, which also know where an interrupted run stood.
"""
