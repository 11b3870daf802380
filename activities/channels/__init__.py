"""The ways out: e-mail by SendGrid, SMS by Twilio. Each sends once and says how sure it is.

Call `send` only for a row already moved to `sending`, in an activity whose thread is not cancelled
(`no_thread_cancel_exception`): its outcome must be stored, or the row counts as uncertain.
"""

from activities.channels._answers import presentable
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
    "presentable",
]
