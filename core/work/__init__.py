"""The process that does jobs and keeps encoders warm, and what each kind of job does."""
