"""The ways out: e-mail by SendGrid, SMS by Twilio. Each sends once and says how sure it is.

Call `send` only for a row already moved to `sending`; keep the thread's cancellation off
(`activity.shield_thread_cancel_exception`) until its outcome is stored, or the answer is lost and the row
counts as uncertain.
"""

from activities.channels.outcomes import NotSent, Outcome, Rejected, Sent, Uncertain
from activities.channels.sendgrid_email import Attachment, Email, SendGridEmail
from activities.channels.twilio_sms import LookupFailedError, Sms, TwilioSms

__all__ = [
    "Attachment",
    "Email",
    "LookupFailedError",
    "NotSent",
    "Outcome",
    "Rejected",
    "SendGridEmail",
    "Sent",
    "Sms",
    "TwilioSms",
    "Uncertain",
]
